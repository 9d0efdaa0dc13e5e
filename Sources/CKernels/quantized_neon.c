// ARM64 with the dot product extension: `sdot` sums four products of signed bytes, so that
// activations are taken less 128, and 128 times the sum of the weights is added beforehand.
#include "CKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define EFK_ISA EFK_ISA_NEON
#define EFK_NAME(op) op##_neon
#define WIDEST 6
#include "quantized_neon.inc"

// ---- Convolution: four vectors hold the 16 output channels of one pixel. ----

static inline __attribute__((always_inline)) void tile(const efk_conv *c, int32_t block, int32_t y,
                                                       int32_t x, const int pixels,
                                                       const int stride) {
  const uint32_t first = c->rows[block], count = c->rows[block + 1] - first;
  const int8_t *w = c->weights + (size_t)first * 64;
  const int32_t *offsets = c->offsets + first;
  const uint8_t *input = c->input + y * c->input_row + (ptrdiff_t)x * stride * 16;
  int32x4_t sums[6][4];
  for (int j = 0; j < 4; j++) {
    int32x4_t bias = vld1q_s32(c->bias + 16 * block + 4 * j);
    if (c->correction) bias = vaddq_s32(bias, vld1q_s32(c->correction + 16 * block + 4 * j));
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++) sums[i][j] = bias;
  }
  const int8x16_t half = vdupq_n_s8((int8_t)0x80);
#pragma clang loop unroll(disable)
  for (uint32_t n = 0; n < count; n++, w += 64) {
    const uint8_t *a = input + offsets[n];
    const int8x16_t w0 = vld1q_s8(w), w1 = vld1q_s8(w + 16);
    const int8x16_t w2 = vld1q_s8(w + 32), w3 = vld1q_s8(w + 48);
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++) {
      const uint32x4_t four =
          vld1q_dup_u32((const uint32_t *)(const void *)(a + i * stride * 16));
      const int8x16_t v = veorq_s8(vreinterpretq_s8_u32(four), half);
      sums[i][0] = vdotq_s32(sums[i][0], w0, v);
      sums[i][1] = vdotq_s32(sums[i][1], w1, v);
      sums[i][2] = vdotq_s32(sums[i][2], w2, v);
      sums[i][3] = vdotq_s32(sums[i][3], w3, v);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels; i++) finish(c, sums[i], block, y, x + i);
}

#pragma clang attribute pop

const efk_quantized efk_quantized_neon =
#include "quantized_table.inc"
    ;

#endif
