// The plain path: any processor, and the baseline that the others are timed against.
#include "CKernels.h"

#define EFK_ISA EFK_ISA_SCALAR
#define EFK_NAME(name) name##_scalar
#include "image_rows.inc"
#include "patch_search.inc"
#include "patch_vote.inc"
#include "image_pyramid.inc"

const efk_image efk_image_scalar =
#include "image_table.inc"
    ;
