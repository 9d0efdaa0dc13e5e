#ifndef EFFACE_IMAGE_H
#define EFFACE_IMAGE_H

#include "isa.h"

#pragma clang assume_nonnull begin

/// Kernels over whole images: one instance for each instruction set that has its own code.
typedef struct efk_image {
  efk_isa isa;
} efk_image;

extern const efk_image efk_image_scalar;

#pragma clang assume_nonnull end

#endif
