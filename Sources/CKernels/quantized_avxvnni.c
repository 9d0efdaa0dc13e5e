// AVX2 with AVX-VNNI: `vpdpbusd` on 256-bit vectors.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)

typedef __m256i weights;
typedef __m256i activations;

static inline __attribute__((always_inline)) weights prepare(__m256i w) { return w; }

static inline __attribute__((always_inline)) activations spread_out(__m256i a) { return a; }

static inline __attribute__((always_inline)) __m256i dot(__m256i sum, activations a, weights w) {
  return _mm256_dpbusd_avx_epi32(sum, a, w);
}

static inline __attribute__((always_inline)) __m256i quick(__m256i sum, __m256i a, __m256i w) {
  return dot(sum, a, w);
}

#define EFK_ISA EFK_ISA_AVXVNNI
#define EFK_NAME(op) op##_avxvnni
#define WIDEST 6
#include "quantized_256.inc"

#pragma clang attribute pop

const efk_quantized efk_quantized_avxvnni =
#include "quantized_table.inc"
    ;

#endif
