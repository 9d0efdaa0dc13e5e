// ARM64 with the matrix multiplication extension: `usmmla` multiplies two pixels by two output channels,
// eight products each, of unsigned by signed bytes.
#include "CKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)

#define EFK_ISA EFK_ISA_NEON_I8MM
#define EFK_NAME(op) op##_neoni8mm
#define WIDEST 6
#include "quantized_neon.inc"

// ---- Convolution: a vector holds two output channels of two pixels. ----

// One pixel, of a row that is narrower than a tile.
static inline __attribute__((always_inline)) void one_pixel(const efk_conv *c, int32_t block,
                                                            int32_t y, int32_t x,
                                                            const int stride) {
  const uint32_t first = c->rows[block], count = c->rows[block + 1] - first;
  const int8_t *w = c->weights + (size_t)first * 64;
  const uint8_t *input = c->input + y * c->input_row + (ptrdiff_t)x * stride * 16;
  int32x4_t sums[4];
  for (int j = 0; j < 4; j++) sums[j] = vld1q_s32(c->bias + 16 * block + 4 * j);
  for (uint32_t n = 0; n < count; n++, w += 64) {
    const uint8x16_t four = vreinterpretq_u8_u32(
        vld1q_dup_u32((const uint32_t *)(const void *)(input + c->offsets[first + n])));
    for (int j = 0; j < 4; j++) sums[j] = vusdotq_s32(sums[j], four, vld1q_s8(w + 16 * j));
  }
  finish(c, sums, block, y, x);
}

static inline __attribute__((always_inline)) void tile(const efk_conv *c, int32_t block, int32_t y,
                                                       int32_t x, const int pixels,
                                                       const int stride) {
  if (pixels == 1) {
    one_pixel(c, block, y, x, stride);
    return;
  }
  const uint32_t first = c->rows[block], count = c->rows[block + 1] - first;
  const int8_t *w = c->weights + (size_t)first * 64;
  const int32_t *offsets = c->offsets + first;
  const uint8_t *input = c->input + y * c->input_row + (ptrdiff_t)x * stride * 16;
  int32x4_t sums[WIDEST / 2][8];
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) {
    const int32x2_t bias = vld1_s32(c->bias + 16 * block + 2 * j);
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels / 2; i++) sums[i][j] = vcombine_s32(bias, bias);
  }
  for (uint32_t n = 0; n < count;) {
    const uint8_t *a = input + offsets[n];
    // Two blocks whose activations lie side by side make one step; a block alone is paired with zeros.
    const _Bool paired = n + 1 < count && offsets[n + 1] == offsets[n] + 4;
    uint8x16_t activations[WIDEST / 2];
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels / 2; i++) {
      activations[i] = vcombine_u8(vld1_u8(a + 2 * i * stride * 16),
                                   vld1_u8(a + (2 * i + 1) * stride * 16));
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
      const int32x4_t w0 = vreinterpretq_s32_s8(vld1q_s8(w + 16 * j));
      const int32x4_t w1 =
          paired ? vreinterpretq_s32_s8(vld1q_s8(w + 64 + 16 * j)) : vdupq_n_s32(0);
      const int8x16_t low = vreinterpretq_s8_s32(vzip1q_s32(w0, w1));
      const int8x16_t high = vreinterpretq_s8_s32(vzip2q_s32(w0, w1));
#pragma clang loop unroll(full)
      for (int i = 0; i < pixels / 2; i++) {
        sums[i][2 * j] = vusmmlaq_s32(sums[i][2 * j], activations[i], low);
        sums[i][2 * j + 1] = vusmmlaq_s32(sums[i][2 * j + 1], activations[i], high);
      }
    }
    n += paired ? 2 : 1;
    w += paired ? 128 : 64;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels / 2; i++) {
    int32x4_t even[4], odd[4];
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
      const int32x4_t a = sums[i][2 * j], b = sums[i][2 * j + 1];
      even[j] = vcombine_s32(vget_low_s32(a), vget_low_s32(b));
      odd[j] = vcombine_s32(vget_high_s32(a), vget_high_s32(b));
    }
    finish(c, even, block, y, x + 2 * i);
    finish(c, odd, block, y, x + 2 * i + 1);
  }
}

#pragma clang attribute pop

const efk_quantized efk_quantized_neoni8mm =
#include "quantized_table.inc"
    ;

#endif
