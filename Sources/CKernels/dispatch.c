#include "CKernels.h"

efk_isa efk_best_isa(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return EFK_ISA_AVX512VNNI;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return EFK_ISA_AVX2;
  return EFK_ISA_SCALAR;
#elif defined(__aarch64__)
  return EFK_ISA_NEON;
#else
  return EFK_ISA_SCALAR;
#endif
}
