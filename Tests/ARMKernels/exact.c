// Compares the kernels that run here with the plain C ones, byte by byte, over random layers: for ARM64
// under an emulator (see `run`), where Swift's tests do not go. That the plain ones are right is for
// KernelsTests.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 40, PLANES = 4, BORDER = 3 };
enum { ROW = (SIDE + 2 * BORDER) * 16, PLANE = (SIDE + 2 * BORDER) * ROW };
enum { BYTES = PLANES * PLANE + 256 };

static uint32_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)state * below) >> 32);
}

static uint8_t input[BYTES], residual[BYTES], expected[BYTES], got[BYTES];
static float expected_f32[SIDE * SIDE * 64], got_f32[SIDE * SIDE * 64];
static int checks, failures;

static void fill(uint8_t *bytes) {
  for (int i = 0; i < BYTES; i++) bytes[i] = (uint8_t)draw(256);
}

static void compare(const char *what, const void *a, const void *b, size_t count,
                    const efk_kernels *k, const int *shape) {
  checks++;
  if (memcmp(a, b, count) == 0) return;
  failures++;
  printf("%s differs on %s: width %d, height %d, stride %d, kernel %d, blocks %d\n", what, k->name,
         shape[0], shape[1], shape[2], shape[3], shape[4]);
}

static uint8_t *picture(uint8_t *planes) { return planes + BORDER * ROW + BORDER * 16; }

static void convolution(const efk_kernels *k, int width, int height, int stride, int kernel) {
  static int8_t weights[64 * 4 * 9 * PLANES * PLANES];
  static int32_t offsets[4 * 9 * PLANES * PLANES], bias[64], correction[64];
  static float scale[64];
  const int blocks = 1 + (int)draw(PLANES), density = (int)draw(5);
  uint32_t rows[PLANES + 1] = {0}, count = 0;
  uint8_t alike[PLANES];
  for (int b = 0; b < blocks; b++) {
    for (int p = 0; p < PLANES; p++) {
      for (int tap = 0; tap < kernel * kernel; tap++) {
        for (int g = 0; g < 4; g++) {
          if (density < 4 && (int)draw(4) >= density) continue;
          offsets[count] = p * PLANE + (tap / kernel) * ROW + tap % kernel * 16 + g * 4;
          for (int i = 0; i < 64; i++) weights[count * 64 + i] = (int8_t)(draw(255) - 127);
          count++;
        }
      }
    }
    rows[b + 1] = count;
    alike[b] = 1;
  }
  for (int o = 0; o < 16 * blocks; o++) {
    bias[o] = (int32_t)draw(20000) - 10000;
    scale[o] = 0.0001f + (float)draw(1000) * 1e-6f;
    correction[o] = 0;
    for (uint32_t n = rows[o / 16]; n < rows[o / 16 + 1]; n++) {
      for (int i = 0; i < 4; i++) correction[o] += 128 * weights[n * 64 + o % 16 * 4 + i];
    }
  }
  efk_conv c = {
      .input = picture(input) - kernel / 2 * (ROW + 16), .input_row = stride * ROW,
      .input_share = PLANES * ROW, .stride = stride, .width = width, .weights = weights,
      .offsets = offsets, .rows = rows, .alike = alike, .bias = bias, .scale = scale,
      .correction = k->isa == EFK_ISA_NEON ? correction : 0, .output_row = ROW,
      .output_plane = PLANE, .lo = -100, .hi = 150, .zero_point = 100};
  if (draw(2)) c.lo = 0, c.hi = 255, c.zero_point = 0;
  if (draw(2)) {
    c.residual = picture(residual), c.residual_row = ROW, c.residual_plane = PLANE;
    c.residual_zero_point = 77, c.residual_scale = 0.3f;
  }
  const int shape[] = {width, height, stride, kernel, blocks};
  efk_conv plain = c;
  plain.correction = 0;
  if (draw(4) == 0) {
    c.output_f32_row = plain.output_f32_row = SIDE * 64;
    c.output_f32_pixel = plain.output_f32_pixel = 64;
    plain.output_f32 = expected_f32, c.output_f32 = got_f32;
    memset(expected_f32, 0, sizeof expected_f32), memset(got_f32, 0, sizeof got_f32);
    efk_quantized_scalar.conv(&plain, 0, height, 0, blocks);
    k->quantized->conv(&c, 0, height, 0, blocks);
    compare("convolution to reals", expected_f32, got_f32, sizeof got_f32, k, shape);
    return;
  }
  plain.output = picture(expected), c.output = picture(got);
  memset(expected, 0, BYTES), memset(got, 0, BYTES);
  efk_quantized_scalar.conv(&plain, 0, height, 0, blocks);
  k->quantized->conv(&c, 0, height, 0, blocks);
  compare("convolution", expected, got, BYTES, k, shape);
}

static void depthwise(const efk_kernels *k, int width, int height, int stride, int kernel) {
  static int8_t weights[PLANES * 5 * 2 * 64];
  static int32_t bias[64];
  static float scale[64];
  const int quads = (kernel + 3) / 4;
  for (int i = 0; i < PLANES * kernel * quads * 64; i++) {
    const int row = i / 64 % quads * 4 + i % 4;
    weights[i] = row < kernel ? (int8_t)(draw(255) - 127) : 0;
  }
  for (int o = 0; o < 64; o++) bias[o] = (int32_t)draw(2000), scale[o] = (float)draw(1000) * 1e-5f;
  efk_depthwise c = {
      .input = picture(input) - kernel / 2 * (ROW + 16), .input_row = ROW, .input_plane = PLANE,
      .stride = stride, .kernel = kernel, .width = width, .weights = weights, .bias = bias,
      .scale = scale, .output = picture(expected), .output_row = ROW, .output_plane = PLANE,
      .lo = -90, .hi = 120, .zero_point = 90};
  if (draw(2)) c.lo = 0, c.hi = 255, c.zero_point = 0;
  memset(expected, 0, BYTES), memset(got, 0, BYTES);
  efk_quantized_scalar.depthwise(&c, 0, height, 0, PLANES);
  c.output = picture(got);
  k->quantized->depthwise(&c, 0, height, 0, PLANES);
  compare("depthwise", expected, got, BYTES, k, (int[]){width, height, stride, kernel, PLANES});
}

static void addition(const efk_kernels *k, int width, int height, efk_add_mode mode) {
  efk_add d = {.a = picture(input), .a_row = ROW, .a_plane = PLANE, .b = picture(residual),
               .b_row = ROW, .b_plane = PLANE, .mode = mode, .a_zero_point = 3,
               .b_zero_point = 130, .a_scale = 0.7f, .b_scale = 0.9f, .output = picture(expected),
               .output_row = ROW, .output_plane = PLANE, .width = width, .lo = -50, .hi = 180,
               .zero_point = 60};
  memset(expected, 0, BYTES), memset(got, 0, BYTES);
  efk_quantized_scalar.add(&d, 0, height, 0, PLANES);
  d.output = picture(got);
  k->quantized->add(&d, 0, height, 0, PLANES);
  compare("addition", expected, got, BYTES, k, (int[]){width, height, 1, mode, PLANES});
}

static void distances(const efk_kernels *k, int width, int far) {
  static uint16_t vertical[4000], squares[4400];
  static int32_t a[4000], b[4000];
  for (int i = 0; i < width; i++) vertical[i] = draw(9) ? (uint16_t)far : (uint16_t)draw(far + 1);
  for (int i = 0; i < width + 2 * far; i++) squares[i] = (uint16_t)(far * far);
  efk_image_scalar.distance_across(vertical, far, squares, a, width);
  k->image->distance_across(vertical, far, squares, b, width);
  compare("distances", a, b, (size_t)width * 4, k, (int[]){width, far, 0, 0, 0});
}

static void ridges(const efk_kernels *k, int width) {
  static uint8_t pixels[7][SIDE];
  static float scratch[3 * (SIDE + 6)];
  static int16_t a[5 * SIDE], b[5 * SIDE];
  static uint8_t strong[2][SIDE];
  const uint8_t *rows[7];
  for (int r = 0; r < 7; r++) {
    rows[r] = pixels[r];
    for (int x = 0; x < width; x++) pixels[r][x] = (uint8_t)draw(256);
  }
  efk_image_scalar.ridge_row(rows, scratch, a, SIDE, strong[0], width);
  k->image->ridge_row(rows, scratch, b, SIDE, strong[1], width);
  for (int p = 0; p < 5; p++) {
    compare("ridges", a + p * SIDE, b + p * SIDE, (size_t)width * 2, k, (int[]){width, p, 0, 0, 0});
  }
  compare("strengths", strong[0], strong[1], (size_t)width, k, (int[]){width, 0, 0, 0, 0});
}

int main(void) {
  int tables = 0;
  for (int set = EFK_ISA_SCALAR + 1; set <= EFK_ISA_NEON_I8MM; set++) {
    const efk_kernels *k = efk_kernels_for((efk_isa)set);
    if (!k) continue;
    tables++;
    for (int round = 0; round < 400; round++) {
      const int stride = 1 + (int)draw(2), most = SIDE / stride;
      const int width = 1 + (int)draw(most), height = 1 + (int)draw(6);
      fill(input), fill(residual);
      convolution(k, width, height, stride, 1 + 2 * (int)draw(2));
      depthwise(k, width, height, stride, 3 + 2 * (int)draw(2));
      addition(k, width, height, (efk_add_mode)draw(3));
      distances(k, 1 + (int)draw(600), 1 + (int)draw(181));
      ridges(k, 1 + (int)draw(SIDE));
    }
    printf("%s: compared\n", k->name);
  }
  printf("%d comparisons, %d differences\n", checks, failures);
  // An emulator without the newer instructions shows nothing.
  return failures != 0 || tables < 2;
}
