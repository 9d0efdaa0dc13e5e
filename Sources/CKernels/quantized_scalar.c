// The plain path: any processor, and the baseline that the others are timed against.
#include "CKernels.h"

#include <math.h>
#include <string.h>

static uint8_t quantize(float value, float lo, float hi, int32_t zero_point) {
  value = value < lo ? lo : value;
  value = value > hi ? hi : value;
  return (uint8_t)((int32_t)rintf(value) + zero_point);
}

static efk_isa efk_conv_u8s8_scalar(const efk_conv *c, int32_t row, int32_t row_end,
                                        int32_t block, int32_t block_end) {
  for (int32_t b = block; b < block_end; b++) {
    const float *scale = c->scale + 16 * b;
    for (int32_t y = row; y < row_end; y++) {
      for (int32_t x = 0; x < c->width; x++) {
        const uint8_t *input = c->input + y * c->input_row + (ptrdiff_t)x * c->stride * 16;
        int32_t sums[16];
        for (int o = 0; o < 16; o++) sums[o] = c->bias[16 * b + o];
        for (uint32_t n = c->rows[b]; n < c->rows[b + 1]; n++) {
          const uint8_t *a = input + c->offsets[n];
          const int8_t *w = c->weights + (size_t)n * 64;
          for (int o = 0; o < 16; o++) {
            sums[o] += a[0] * w[4 * o] + a[1] * w[4 * o + 1] + a[2] * w[4 * o + 2] +
                       a[3] * w[4 * o + 3];
          }
        }
        float values[16];
        for (int o = 0; o < 16; o++) values[o] = (float)sums[o] * scale[o];
        if (c->residual) {
          const uint8_t *r =
              c->residual + b * c->residual_plane + y * c->residual_row + (ptrdiff_t)x * 16;
          for (int o = 0; o < 16; o++) {
            values[o] += (float)(r[o] - c->residual_zero_point) * c->residual_scale;
          }
        }
        if (c->output) {
          uint8_t *out = c->output + b * c->output_plane + y * c->output_row + (ptrdiff_t)x * 16;
          for (int o = 0; o < 16; o++) out[o] = quantize(values[o], c->lo, c->hi, c->zero_point);
        } else {
          float *out = c->output_f32 + y * c->output_f32_row + x * c->output_f32_pixel + 16 * b;
          for (int o = 0; o < 16; o++) out[o] = values[o];
        }
      }
    }
  }
  return EFK_ISA_SCALAR;
}

static efk_isa efk_depthwise_u8s8_scalar(const efk_depthwise *c, int32_t row, int32_t row_end,
                                             int32_t block, int32_t block_end) {
  const int quads = (c->kernel + 3) / 4;
  for (int32_t b = block; b < block_end; b++) {
    const int8_t *weights = c->weights + (size_t)b * c->kernel * quads * 64;
    for (int32_t y = row; y < row_end; y++) {
      for (int32_t x = 0; x < c->width; x++) {
        const uint8_t *input = c->input + b * c->input_plane + y * c->stride * c->input_row +
                               (ptrdiff_t)x * c->stride * 16;
        uint8_t *out = c->output + b * c->output_plane + y * c->output_row + (ptrdiff_t)x * 16;
        int32_t sums[16];
        for (int o = 0; o < 16; o++) sums[o] = c->bias[16 * b + o];
        for (int ky = 0; ky < c->kernel; ky++) {
          for (int kx = 0; kx < c->kernel; kx++) {
            const uint8_t *a = input + ky * c->input_row + kx * 16;
            const int8_t *w = weights + (kx * quads + ky / 4) * 64 + ky % 4;
            for (int o = 0; o < 16; o++) sums[o] += a[o] * w[4 * o];
          }
        }
        for (int o = 0; o < 16; o++) {
          out[o] = quantize((float)sums[o] * c->scale[16 * b + o], c->lo, c->hi, c->zero_point);
        }
      }
    }
  }
  return EFK_ISA_SCALAR;
}

#define EFK_ISA EFK_ISA_SCALAR
#define EFK_NAME(op) op##_scalar
#include "quantized_elementwise.inc"

const efk_quantized efk_quantized_scalar =
#include "quantized_table.inc"
    ;

void efk_fill_border(uint8_t *planes, ptrdiff_t plane_bytes, int32_t height, int32_t width,
                     int32_t border, uint8_t zero_point, int32_t row, int32_t row_end,
                     int32_t plane, int32_t plane_end) {
  const size_t row_bytes = (size_t)(width + 2 * border) * 16, side = (size_t)border * 16;
  for (int32_t p = plane; p < plane_end; p++) {
    uint8_t *start = planes + p * plane_bytes;
    if (row == 0) memset(start, zero_point, (size_t)border * row_bytes);
    for (int32_t y = row; y < row_end; y++) {
      uint8_t *line = start + (size_t)(y + border) * row_bytes;
      memset(line, zero_point, side);
      memset(line + row_bytes - side, zero_point, side);
    }
    if (row_end == height) {
      memset(start + (size_t)(height + border) * row_bytes, zero_point,
             (size_t)border * row_bytes);
    }
  }
}
