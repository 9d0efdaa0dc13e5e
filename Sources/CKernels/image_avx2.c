// x86-64 with AVX2.
#include "CKernels.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

#define EFK_ISA EFK_ISA_AVX2
#define EFK_NAME(name) name##_avx2
#define EFK_AVX2
#include "image_rows.inc"
#include "patch_search.inc"
#include "patch_vote.inc"
#include "image_pyramid.inc"

#pragma clang attribute pop

const efk_image efk_image_avx2 =
#include "image_table.inc"
    ;

#endif
