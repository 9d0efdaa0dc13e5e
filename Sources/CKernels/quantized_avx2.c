// AVX2: products in 16 bits, because `vpmaddubsw` saturates.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

// Four 8-bit values a channel become two pairs of 16-bit ones: the first and third, the second and
// fourth. Activations and weights are split alike, so that the pairs' products belong together.
typedef struct pairs {
  __m256i even, odd;
} weights;
typedef weights activations;

static inline __attribute__((always_inline)) weights prepare(__m256i w) {
  return (weights){_mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8), _mm256_srai_epi16(w, 8)};
}

static inline __attribute__((always_inline)) activations spread_out(__m256i a) {
  return (activations){_mm256_and_si256(a, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(a, 8)};
}

static inline __attribute__((always_inline)) __m256i dot(__m256i sum, activations a, weights w) {
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a.even, w.even));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a.odd, w.odd));
}

#define EFK_ISA EFK_ISA_AVX2
#define EFK_NAME(op) op##_avx2
#define WIDEST 4
#include "quantized_256.inc"

#pragma clang attribute pop

const efk_quantized efk_quantized_avx2 =
#include "quantized_table.inc"
    ;

#endif
