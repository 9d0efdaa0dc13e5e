// ARM64: NEON is its baseline, so the compiler's own vectors do.
#include "CKernels.h"

#if defined(__aarch64__)

#define EFK_ISA EFK_ISA_NEON
#define EFK_NAME(name) name##_neon
#include "image_rows.inc"
#include "patch_search.inc"
#include "patch_vote.inc"
#include "image_pyramid.inc"

const efk_image efk_image_neon =
#include "image_table.inc"
    ;

#endif
