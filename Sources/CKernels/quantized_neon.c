// ARM64 with the dot product extension: `sdot` sums four products of signed bytes, so that
// activations are taken less 128, and 128 times the sum of the weights is added beforehand.
#include "CKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

// ---- Convolution: four vectors hold the 16 output channels of one pixel. ----

static inline __attribute__((always_inline)) int16x8_t rounded(float32x4_t a, float32x4_t b,
                                                               float32x4_t lo, float32x4_t hi) {
  a = vminq_f32(vmaxq_f32(a, lo), hi);
  b = vminq_f32(vmaxq_f32(b, lo), hi);
  return vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(a)), vqmovn_s32(vcvtnq_s32_f32(b)));
}

// Finishes one pixel.
static inline __attribute__((always_inline)) void finish(const efk_conv *c, const int32x4_t *sums,
                                                         int32_t block, int32_t y, int32_t x) {
  float32x4_t value[4];
  for (int j = 0; j < 4; j++) {
    value[j] = vmulq_f32(vcvtq_f32_s32(sums[j]), vld1q_f32(c->scale + 16 * block + 4 * j));
  }
  if (c->residual) {
    const uint8x16_t r = vld1q_u8(c->residual + block * c->residual_plane + y * c->residual_row +
                                  (ptrdiff_t)x * 16);
    const int16x8_t zero_point = vdupq_n_s16((int16_t)c->residual_zero_point);
    const int16x8_t low = vsubq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(r))), zero_point);
    const int16x8_t high = vsubq_s16(vreinterpretq_s16_u16(vmovl_high_u8(r)), zero_point);
    const int32x4_t parts[4] = {vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low),
                                vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)};
    for (int j = 0; j < 4; j++) {
      // A product and a sum, rounded apart: no fused multiply-add.
      const float32x4_t product = vmulq_n_f32(vcvtq_f32_s32(parts[j]), c->residual_scale);
      value[j] = vaddq_f32(value[j], product);
    }
  }
  if (c->output) {
    const float32x4_t lo = vdupq_n_f32(c->lo), hi = vdupq_n_f32(c->hi);
    const int16x8_t zero_point = vdupq_n_s16((int16_t)c->zero_point);
    const int16x8_t low = vaddq_s16(rounded(value[0], value[1], lo, hi), zero_point);
    const int16x8_t high = vaddq_s16(rounded(value[2], value[3], lo, hi), zero_point);
    vst1q_u8(c->output + block * c->output_plane + y * c->output_row + (ptrdiff_t)x * 16,
             vcombine_u8(vqmovun_s16(low), vqmovun_s16(high)));
  } else {
    float *out = c->output_f32 + y * c->output_f32_row + x * c->output_f32_pixel + 16 * block;
    for (int j = 0; j < 4; j++) vst1q_f32(out + 4 * j, value[j]);
  }
}

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

static efk_isa efk_conv_u8s8_neon(const efk_conv *c, int32_t row, int32_t row_end, int32_t block,
                                  int32_t block_end) {
  const int32_t width = c->width;
  for (int32_t b = block; b < block_end; b++) {
    for (int32_t y = row; y < row_end; y++) {
      for (int32_t x = 0; x < width;) {
        // The last tile of a row is moved back to end with it, where the row is wide enough.
        if (width >= 6) {
          const int32_t start = x + 6 > width ? width - 6 : x;
          if (c->stride == 1) tile(c, b, y, start, 6, 1);
          else tile(c, b, y, start, 6, 2);
          x += 6;
        } else {
          if (c->stride == 1) tile(c, b, y, x, 1, 1);
          else tile(c, b, y, x, 1, 2);
          x += 1;
        }
      }
    }
  }
  return EFK_ISA_NEON;
}

// ---- Depthwise: rows are interleaved, so that one `sdot` sums four taps of a column. ----

static efk_isa efk_depthwise_u8s8_neon(const efk_depthwise *c, int32_t row, int32_t row_end,
                                       int32_t block, int32_t block_end) {
  const int kernel = c->kernel, quads = (kernel + 3) / 4;
  const uint8x16_t half = vdupq_n_u8(0x80);
  const float32x4_t lo = vdupq_n_f32(c->lo), hi = vdupq_n_f32(c->hi);
  const int16x8_t zero_point = vdupq_n_s16((int16_t)c->zero_point);
  for (int32_t b = block; b < block_end; b++) {
    const int8_t *weights = c->weights + (size_t)b * (size_t)(kernel * quads * 64);
    int32x4_t start[4];
    for (int j = 0; j < 4; j++) {
      start[j] = vld1q_s32(c->bias + 16 * b + 4 * j);
      for (int t = 0; t < kernel * quads; t++) {
        // 128 times the weights' sum: 2 · 64, because 128 is no signed byte.
        const int8x16_t w = vld1q_s8(weights + t * 64 + 16 * j);
        start[j] = vdotq_s32(start[j], w, vdupq_n_s8(64));
        start[j] = vdotq_s32(start[j], w, vdupq_n_s8(64));
      }
    }
    for (int32_t y = row; y < row_end; y++) {
      const uint8_t *in =
          c->input + b * c->input_plane + (ptrdiff_t)y * c->stride * c->input_row;
      uint8_t *out = c->output + b * c->output_plane + y * c->output_row;
      for (int32_t x = 0; x < c->width; x++) {
        int32x4_t sums[4] = {start[0], start[1], start[2], start[3]};
        for (int kx = 0; kx < kernel; kx++) {
          const uint8_t *at = in + ((ptrdiff_t)x * c->stride + kx) * 16;
          for (int q = 0; q < quads; q++) {
            uint8x16_t rows[4];
            for (int r = 0; r < 4; r++) {
              // Rows that no tap reads stand in by the first one.
              const int ky = 4 * q + r < kernel ? 4 * q + r : 0;
              rows[r] = veorq_u8(vld1q_u8(at + ky * c->input_row), half);
            }
            const uint8x16x2_t r01 = vzipq_u8(rows[0], rows[1]), r23 = vzipq_u8(rows[2], rows[3]);
            const uint16x8x2_t low = vzipq_u16(vreinterpretq_u16_u8(r01.val[0]),
                                               vreinterpretq_u16_u8(r23.val[0]));
            const uint16x8x2_t high = vzipq_u16(vreinterpretq_u16_u8(r01.val[1]),
                                                vreinterpretq_u16_u8(r23.val[1]));
            const int8_t *w = weights + (kx * quads + q) * 64;
            sums[0] = vdotq_s32(sums[0], vld1q_s8(w), vreinterpretq_s8_u16(low.val[0]));
            sums[1] = vdotq_s32(sums[1], vld1q_s8(w + 16), vreinterpretq_s8_u16(low.val[1]));
            sums[2] = vdotq_s32(sums[2], vld1q_s8(w + 32), vreinterpretq_s8_u16(high.val[0]));
            sums[3] = vdotq_s32(sums[3], vld1q_s8(w + 48), vreinterpretq_s8_u16(high.val[1]));
          }
        }
        float32x4_t value[4];
        for (int j = 0; j < 4; j++) {
          value[j] = vmulq_f32(vcvtq_f32_s32(sums[j]), vld1q_f32(c->scale + 16 * b + 4 * j));
        }
        const int16x8_t low = vaddq_s16(rounded(value[0], value[1], lo, hi), zero_point);
        const int16x8_t high = vaddq_s16(rounded(value[2], value[3], lo, hi), zero_point);
        vst1q_u8(out + (ptrdiff_t)x * 16, vcombine_u8(vqmovun_s16(low), vqmovun_s16(high)));
      }
    }
  }
  return EFK_ISA_NEON;
}

#define EFK_ISA EFK_ISA_NEON
#define EFK_NAME(op) op##_neon
#include "quantized_elementwise.inc"

#pragma clang attribute pop

const efk_quantized efk_quantized_neon =
#include "quantized_table.inc"
    ;

#endif
