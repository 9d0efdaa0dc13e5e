// x86-64 with AVX-512 (and its VNNI: the table of that instruction set).
#include "CKernels.h"

#if defined(__x86_64__)

#pragma clang attribute push(                                                                 \
    __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))),            \
    apply_to = function)

#define EFK_ISA EFK_ISA_AVX512VNNI
#define EFK_NAME(name) name##_avx512
#define EFK_AVX2
#define EFK_AVX512
#include "image_rows.inc"
#include "patch_search.inc"
#include "patch_vote.inc"
#include "image_pyramid.inc"

#pragma clang attribute pop

const efk_image efk_image_avx512 =
#include "image_table.inc"
    ;

#endif
