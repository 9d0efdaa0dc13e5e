#ifndef EFFACE_ISA_H
#define EFFACE_ISA_H

#include <stdint.h>

/// Instruction sets that a kernel may be compiled for, from the plainest to the widest.
typedef enum efk_isa : int32_t {
  EFK_ISA_SCALAR = 0,
  EFK_ISA_AVX2 = 1,
  EFK_ISA_AVXVNNI = 2,
  EFK_ISA_AVX512VNNI = 3,
  EFK_ISA_NEON = 4,
  EFK_ISA_NEON_I8MM = 5,
} efk_isa;

#endif
