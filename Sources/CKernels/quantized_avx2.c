// AVX2: `vpmaddubsw` where its sums of two products fit 16 bits whatever the activations are, else
// products of 16-bit values. The one takes 6 instructions for 64 products, the other 10; two blocks
// whose sums fit even together take 10 for 128, of which 6 multiply instead of 8.
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

static inline __attribute__((always_inline)) __m256i quick_pair(__m256i sum, __m256i a0,
                                                                __m256i w0, __m256i a1,
                                                                __m256i w1) {
  const __m256i products =
      _mm256_add_epi16(_mm256_maddubs_epi16(a0, w0), _mm256_maddubs_epi16(a1, w1));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
}

// What decides whether sums of products stay within 16 bits: of each two neighbouring weights of a
// block the sum of the positive ones and that of the negative ones, a byte each. Activations reach
// 255: either sum may be 128.
typedef struct reach {
  __m256i up, down;
} reach;

enum { EFK_MOST_REACH = 128 };

static inline __attribute__((always_inline)) reach reach_of(__m256i low, __m256i high) {
  const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi8(1);
#define SUMS(w) _mm256_maddubs_epi16(ones, w)
#define POSITIVE(w) SUMS(_mm256_max_epi8(w, zero))
#define NEGATIVE(w) _mm256_abs_epi16(SUMS(_mm256_min_epi8(w, zero)))
  return (reach){_mm256_packus_epi16(POSITIVE(low), POSITIVE(high)),
                 _mm256_packus_epi16(NEGATIVE(low), NEGATIVE(high))};
#undef SUMS
#undef POSITIVE
#undef NEGATIVE
}

static inline __attribute__((always_inline)) _Bool fits(reach a) {
  const __m256i most = _mm256_set1_epi8((char)EFK_MOST_REACH);
  const __m256i beyond =
      _mm256_or_si256(_mm256_subs_epu8(a.up, most), _mm256_subs_epu8(a.down, most));
  return _mm256_testz_si256(beyond, beyond);
}

static inline __attribute__((always_inline)) _Bool fit_together(reach a, reach b) {
  return fits((reach){_mm256_adds_epu8(a.up, b.up), _mm256_adds_epu8(a.down, b.down)});
}

static inline __attribute__((always_inline)) _Bool is_quick(__m256i w) {
  return fits(reach_of(w, w));
}

// Blocks that wait for another to make a pair with; with more, few pairs more are found.
enum { EFK_WAITING = 64 };

static void efk_arrange_avx2(const int8_t *all, uint32_t block, uint32_t block_end,
                             uint32_t *order, uint32_t *kinds) {
  reach reaches[EFK_WAITING];
  uint32_t waiting[EFK_WAITING], count = 0, paired = 0, single = 0, careful = block_end - block;
  for (uint32_t n = block; n < block_end; n++) {
    const __m256i *weights = (const __m256i *)(all + (size_t)n * 64);
    const reach its = reach_of(_mm256_loadu_si256(weights), _mm256_loadu_si256(weights + 1));
    if (!fits(its)) {
      order[--careful] = n;
      continue;
    }
    uint32_t k = 0;
    while (k < count && !fit_together(reaches[k], its)) k++;
    if (k < count) {
      // The first two singles make room: they go behind the last.
      uint32_t *at = order + paired;
      at[single + 1] = at[single > 1];
      at[single] = at[0];
      at[0] = waiting[k];
      at[1] = n;
      paired += 2;
      count--;
      waiting[k] = waiting[count];
      reaches[k] = reaches[count];
      continue;
    }
    if (count < EFK_WAITING) {
      k = count++;
    } else {
      k = n % EFK_WAITING;
      order[paired + single++] = waiting[k];
    }
    waiting[k] = n;
    reaches[k] = its;
  }
  while (count > 0) order[paired + single++] = waiting[--count];
  kinds[0] = paired;
  kinds[1] = single;
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
