// AVX2: `vpmaddubsw` where its sums of two products fit 16 bits whatever the activations are, else
// products of 16-bit values. The one takes 6 instructions for 64 products, the other 10.
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

static inline __attribute__((always_inline)) __m256i quick(__m256i sum, __m256i a, __m256i w) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, w), _mm256_set1_epi16(1)));
}

// Whether no two neighbouring weights can take a sum of products out of 16 bits: the greatest is that
// of the positive ones with activations of 255, the least that of the negative ones.
static inline __attribute__((always_inline)) _Bool fits(__m256i w) {
  const __m256i zero = _mm256_setzero_si256(), most = _mm256_set1_epi8(-1);
  const __m256i greatest = _mm256_maddubs_epi16(most, _mm256_max_epi8(w, zero));
  const __m256i least = _mm256_maddubs_epi16(most, _mm256_min_epi8(w, zero));
  // 128 · 255 at the most: beyond it is saturation.
  const __m256i beyond = _mm256_or_si256(
      _mm256_cmpgt_epi16(greatest, _mm256_set1_epi16(128 * 255)),
      _mm256_cmpgt_epi16(_mm256_set1_epi16(-128 * 255), least));
  return _mm256_testz_si256(beyond, beyond);
}

static uint32_t efk_arrange_avx2(const int8_t *all, uint32_t block, uint32_t block_end,
                                 uint32_t *order) {
  uint32_t first = 0, last = block_end - block;
  for (uint32_t n = block; n < block_end; n++) {
    const __m256i *w = (const __m256i *)(all + (size_t)n * 64);
    const _Bool is_quick = fits(_mm256_loadu_si256(w)) && fits(_mm256_loadu_si256(w + 1));
    order[is_quick ? first++ : --last] = n;
  }
  return first;
}

#define EFK_ISA EFK_ISA_AVX2
#define EFK_ARRANGE efk_arrange_avx2
#define EFK_NAME(op) op##_avx2
#define WIDEST 4
#include "quantized_256.inc"

#pragma clang attribute pop

const efk_quantized efk_quantized_avx2 =
#include "quantized_table.inc"
    ;

#endif
