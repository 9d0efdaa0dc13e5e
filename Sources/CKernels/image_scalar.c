#include "CKernels.h"

const efk_image efk_image_scalar = {.isa = EFK_ISA_SCALAR};
