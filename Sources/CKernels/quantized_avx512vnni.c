// AVX-512 with VNNI: `vpdpbusd` multiplies 16 output channels by 4 input channels at once.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vnni"))), \
    apply_to = function)

// ---- Convolution: one accumulator holds 16 output channels of one pixel. ----
//
// A tile is `blocks` output blocks by `rows` rows by `pixels` pixels. For each stored weight block,
// each pixel's four input channels are broadcast and multiplied. Output blocks whose columns are
// alike share the broadcasts; without them loads bind, at one more load than products.

// Finishes one pixel's 16 sums; the result is within the output's range less its zero point.
static inline __attribute__((always_inline)) __m512 real(const efk_conv *c, __m512i sums,
                                                         __m512 scale, const uint8_t *residual) {
  __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale);
  if (residual) {
    const __m512i r = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)residual));
    const __m512 difference =
        _mm512_cvtepi32_ps(_mm512_sub_epi32(r, _mm512_set1_epi32(c->residual_zero_point)));
    value = _mm512_add_ps(value, _mm512_mul_ps(difference, _mm512_set1_ps(c->residual_scale)));
  }
  return value;
}

static inline __attribute__((always_inline)) __m512i clamped(__m512 value, __m512 lo, __m512 hi) {
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(value, lo), hi));
}

// Four pixels' values as 64 bytes: packing works within 128-bit lanes, so that each lane holds four
// channels of four pixels; the last step turns that round.
static inline __attribute__((always_inline)) __m512i bytes(__m512i a, __m512i b, __m512i c,
                                                           __m512i d, __m512i zero_point) {
  const __m512i ab = _mm512_add_epi16(_mm512_packs_epi32(a, b), zero_point);
  const __m512i cd = _mm512_add_epi16(_mm512_packs_epi32(c, d), zero_point);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(ab, cd));
}

static inline __attribute__((always_inline)) void store(const efk_conv *c, const __m512i *sums,
                                                        int32_t block, int32_t y, int32_t x,
                                                        const int pixels) {
  const __m512 scale = _mm512_loadu_ps(c->scale + 16 * block);
  const uint8_t *residual = 0;
  if (c->residual) {
    residual = c->residual + block * c->residual_plane + y * c->residual_row + (ptrdiff_t)x * 16;
  }
  if (!c->output) {
    float *out = c->output_f32 + y * c->output_f32_row + x * c->output_f32_pixel + 16 * block;
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++) {
      _mm512_storeu_ps(out + i * c->output_f32_pixel,
                       real(c, sums[i], scale, residual ? residual + 16 * i : 0));
    }
    return;
  }
  const __m512 lo = _mm512_set1_ps(c->lo), hi = _mm512_set1_ps(c->hi);
  const __m512i zero_point = _mm512_set1_epi16((int16_t)c->zero_point);
  uint8_t *out = c->output + block * c->output_plane + y * c->output_row + (ptrdiff_t)x * 16;
#define VALUE(i) clamped(real(c, sums[i], scale, residual ? residual + 16 * (i) : 0), lo, hi)
  if (pixels % 4 == 0) {
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i += 4) {
      _mm512_storeu_si512(out + 16 * i,
                          bytes(VALUE(i), VALUE(i + 1), VALUE(i + 2), VALUE(i + 3), zero_point));
    }
  } else {
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++) {
      const __m512i v = VALUE(i);
      _mm_storeu_si128((__m128i *)(out + 16 * i),
                       _mm512_castsi512_si128(bytes(v, v, v, v, zero_point)));
    }
  }
#undef VALUE
}

static inline __attribute__((always_inline)) void tile(const efk_conv *c, int32_t block, int32_t y,
                                                       int32_t x, const int blocks, const int rows,
                                                       const int pixels, const int stride) {
  const uint32_t first = c->rows[block], count = c->rows[block + 1] - first;
  const int8_t *w = c->weights + (size_t)first * 64;
  const int32_t *offsets = c->offsets + first;
  const uint8_t *input = c->input + y * c->input_row + (ptrdiff_t)x * stride * 16;
  const ptrdiff_t next = c->input_row;
  __m512i sums[28];
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    const __m512i bias = _mm512_loadu_si512(c->bias + 16 * (block + b));
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * pixels; i++) sums[b * rows * pixels + i] = bias;
  }
#pragma clang loop unroll(disable)
  for (uint32_t n = 0; n < count; n++, w += 64) {
    const uint8_t *a = input + offsets[n];
    __m512i weights[3];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      weights[b] = _mm512_loadu_si512(w + (size_t)b * count * 64);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
      for (int i = 0; i < pixels; i++) {
        int32_t four;
        __builtin_memcpy(&four, a + r * next + i * stride * 16, 4);
        const __m512i activation = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
        for (int b = 0; b < blocks; b++) {
          __m512i *sum = &sums[(b * rows + r) * pixels + i];
          *sum = _mm512_dpbusd_epi32(*sum, activation, weights[b]);
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      store(c, sums + (b * rows + r) * pixels, block + b, y + r, x, pixels);
    }
  }
}

typedef void (*tile_function)(const efk_conv *c, int32_t block, int32_t y, int32_t x);

#define TILE(blocks, rows, pixels, stride)                                                        \
  static void efk_conv_u8s8_##blocks##x##rows##x##pixels##_s##stride##_avx512vnni(                \
      const efk_conv *c, int32_t block, int32_t y, int32_t x) {                                   \
    tile(c, block, y, x, blocks, rows, pixels, stride);                                           \
  }
#define TILES(blocks, rows, pixels) TILE(blocks, rows, pixels, 1) TILE(blocks, rows, pixels, 2)
#define NAMES(blocks, rows, pixels)                                                               \
  {blocks, rows, pixels,                                                                          \
   {efk_conv_u8s8_##blocks##x##rows##x##pixels##_s1_avx512vnni,                                   \
    efk_conv_u8s8_##blocks##x##rows##x##pixels##_s2_avx512vnni}}

#define EACH(do, between)                                                                         \
  do(1, 1, 1) between do(1, 1, 2) between do(1, 1, 4) between do(1, 1, 8) between do(1, 1, 12)    \
  between do(1, 1, 16) between do(1, 1, 20) between do(1, 1, 24) between do(1, 1, 28)             \
  between do(1, 2, 4) between do(1, 2, 8) between do(1, 2, 12) between do(1, 3, 8)                \
  between do(1, 4, 4) between do(2, 1, 1) between do(2, 1, 4) between do(2, 1, 8)                 \
  between do(2, 1, 12) between do(2, 2, 4) between do(3, 1, 1) between do(3, 1, 4)                \
  between do(3, 1, 8) between do(3, 2, 4)

#define NOTHING
#define COMMA ,
EACH(TILES, NOTHING)

static const struct {
  int blocks, rows, pixels;
  tile_function run[2];
} tiles[] = {EACH(NAMES, COMMA)};
#define TILE_COUNT (int)(sizeof tiles / sizeof *tiles)

// The tile of up to `blocks` blocks (or just so many), up to `rows` rows, and no more pixels than
// `width`, that covers `left` pixels in the fewest load or product slots a row and block. There are two
// of each a cycle; under ten accumulators the products' latency shows.
static int best_tile(int blocks, _Bool exactly, int rows, int32_t width, int32_t left) {
  int best = 0;
  int64_t best_cost = INT64_MAX;
  for (int t = 0; t < TILE_COUNT; t++) {
    const int b = tiles[t].blocks, r = tiles[t].rows, p = tiles[t].pixels;
    if (b > blocks || (exactly && b != blocks) || r > rows || p > width) continue;
    const int products = b * r * p, loads = r * p + b;
    int slots = products > loads ? products : loads;
    if (slots < 10) slots = 10;
    const int64_t cost = (int64_t)slots * ((left + p - 1) / p) * 24 / (b * r);
    if (cost < best_cost) best = t, best_cost = cost;
  }
  return best;
}

// How a row, or a few at once, is cut: `wide` tiles from the left, then some to fit.
typedef struct cut {
  int blocks, rows;
  int wide, wide_count;
  int rest_count;
  int rest[96];
} cut;

// `blocks` and `rows` are limits; `exactly` as above.
static cut cut_rows(int blocks, _Bool exactly, int rows, int32_t width) {
  cut result = {0};
  result.wide = best_tile(blocks, exactly, rows, width, width);
  result.blocks = blocks = tiles[result.wide].blocks;
  result.rows = tiles[result.wide].rows;
  const int pixels = tiles[result.wide].pixels;
  int32_t left = width;
  if (left > 84) {
    result.wide_count = (left - 60) / pixels;
    left -= result.wide_count * pixels;
  }
  while (left > 0 && result.rest_count < 96) {
    int best = 0;
    int64_t best_cost = INT64_MAX;
    for (int t = 0; t < TILE_COUNT; t++) {
      const int b = tiles[t].blocks, r = tiles[t].rows, p = tiles[t].pixels;
      if (b != blocks || r != result.rows || p > width) continue;
      const int products = b * r * p, loads = r * p + b;
      int slots = products > loads ? products : loads;
      if (slots < 10) slots = 10;
      const int64_t cost = (int64_t)slots * ((left + p - 1) / p);
      if (cost < best_cost) best = t, best_cost = cost;
    }
    result.rest[result.rest_count++] = best;
    left -= tiles[best].pixels;
  }
  return result;
}

static efk_isa efk_conv_u8s8_avx512vnni(const efk_conv *c, int32_t row, int32_t row_end,
                                        int32_t block, int32_t block_end) {
  const int32_t width = c->width;
  if (width <= 0 || row >= row_end) return EFK_ISA_AVX512VNNI;
  // How rows are cut depends on how many blocks and rows there are, up to the largest tile's.
  cut cuts[4][5] = {0};
  for (int32_t b = block; b < block_end;) {
    const int32_t left = block_end - b;
    int32_t alike = c->alike[b] < left ? c->alike[b] : left, blocks = 0;
    if (alike > 3) alike = 3;
    for (int32_t y = row; y < row_end;) {
      const int32_t rows = row_end - y < 4 ? row_end - y : 4;
      cut *rule;
      if (blocks == 0) {
        rule = &cuts[alike][rows];
        if (!rule->rows) *rule = cut_rows(alike, 0, rows, width);
        blocks = rule->blocks;
      } else {
        rule = &cuts[blocks][rows];
        if (!rule->rows || rule->blocks != blocks) *rule = cut_rows(blocks, 1, rows, width);
      }
      int32_t x = 0;
      for (int i = 0; i < rule->wide_count; i++, x += tiles[rule->wide].pixels) {
        tiles[rule->wide].run[c->stride - 1](c, b, y, x);
      }
      for (int i = 0; i < rule->rest_count; i++) {
        // The last tile of a row is moved back to end with it.
        const int32_t pixels = tiles[rule->rest[i]].pixels;
        const int32_t start = x + pixels > width ? width - pixels : x;
        tiles[rule->rest[i]].run[c->stride - 1](c, b, y, start);
        x += pixels;
      }
      y += rule->rows;
    }
    b += blocks;
  }
  return EFK_ISA_AVX512VNNI;
}

// ---- Depthwise: rows are interleaved, so that one `vpdpbusd` sums four taps of a column. ----
//
// An accumulator holds four channels of four pixels. The same interleaved rows serve two output rows
// where the stride is 1: the second one's taps are the first one's, moved down a row.

enum { COLUMNS = 5, QUADS = 2 };

// Taps as accumulators need them: for each tap column and each four rows, four vectors of four
// channels, repeated for four pixels. `below` moves them down a row.
static inline __attribute__((always_inline)) void spread(const int8_t *weights, __m512i *out,
                                                         const int kernel, const int quads,
                                                         const _Bool below) {
  for (int kx = 0; kx < kernel; kx++) {
    __m512i carried = _mm512_setzero_si512();
    for (int q = 0; q < quads; q++) {
      const __m512i taps = _mm512_loadu_si512(weights + (kx * quads + q) * 64);
      __m512i w = taps;
      if (below) {
        w = _mm512_or_si512(_mm512_slli_epi32(taps, 8), carried);
        carried = _mm512_srli_epi32(taps, 24);
      }
      __m512i *to = out + (kx * quads + q) * 4;
      to[0] = _mm512_shuffle_i32x4(w, w, 0x00);
      to[1] = _mm512_shuffle_i32x4(w, w, 0x55);
      to[2] = _mm512_shuffle_i32x4(w, w, 0xAA);
      to[3] = _mm512_shuffle_i32x4(w, w, 0xFF);
    }
  }
}

static inline __attribute__((always_inline)) __m512i four_pixels(const uint8_t *p,
                                                                 const int stride) {
  const __m512i a = _mm512_loadu_si512(p);
  if (stride == 1) return a;
  return _mm512_shuffle_i32x4(a, _mm512_loadu_si512(p + 64), 0x88);
}

static inline __attribute__((always_inline)) void depthwise(const efk_depthwise *c, int32_t row,
                                                            int32_t row_end, int32_t block,
                                                            int32_t block_end, const int kernel,
                                                            const int stride) {
  const int quads = (kernel + 3) / 4;
  const __m512 lo = _mm512_set1_ps(c->lo), hi = _mm512_set1_ps(c->hi);
  const __m512i zero_point = _mm512_set1_epi16((int16_t)c->zero_point);
  for (int32_t b = block; b < block_end; b++) {
    __m512i taps[2][COLUMNS * QUADS * 4];
    const int8_t *weights = c->weights + (size_t)b * (size_t)(kernel * quads * 64);
    spread(weights, taps[0], kernel, quads, 0);
    spread(weights, taps[1], kernel, quads, 1);
    __m512i bias[4];
    __m512 scale[4];
    for (int j = 0; j < 4; j++) {
      bias[j] = _mm512_broadcast_i32x4(
          _mm_loadu_si128((const __m128i *)(c->bias + 16 * b + 4 * j)));
      scale[j] = _mm512_broadcast_f32x4(_mm_loadu_ps(c->scale + 16 * b + 4 * j));
    }
    for (int32_t y = row; y < row_end;) {
      const int lines = stride == 1 && y + 2 <= row_end ? 2 : 1;
      const uint8_t *in = c->input + b * c->input_plane + (ptrdiff_t)y * stride * c->input_row;
      uint8_t *out = c->output + b * c->output_plane + y * c->output_row;
      // Rows that no tap reads stand in by the first one, so that none outside is touched.
      const int used = kernel + lines - 1;
      const uint8_t *rows[8];
      for (int r = 0; r < 8; r++) rows[r] = in + (r < used ? r : 0) * c->input_row;
      for (int32_t x = 0; x < c->width; x += 4) {
        __m512i sums[2][4];
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) sums[0][j] = sums[1][j] = bias[j];
        const ptrdiff_t at = (ptrdiff_t)x * stride * 16;
#pragma clang loop unroll(full)
        for (int kx = 0; kx < kernel; kx++) {
#pragma clang loop unroll(full)
          for (int q = 0; q < quads; q++) {
            const __m512i r0 = four_pixels(rows[4 * q] + at + kx * 16, stride);
            const __m512i r1 = four_pixels(rows[4 * q + 1] + at + kx * 16, stride);
            const __m512i r2 = four_pixels(rows[4 * q + 2] + at + kx * 16, stride);
            const __m512i r3 = four_pixels(rows[4 * q + 3] + at + kx * 16, stride);
            const __m512i low01 = _mm512_unpacklo_epi8(r0, r1);
            const __m512i high01 = _mm512_unpackhi_epi8(r0, r1);
            const __m512i low23 = _mm512_unpacklo_epi8(r2, r3);
            const __m512i high23 = _mm512_unpackhi_epi8(r2, r3);
            const __m512i columns[4] = {
                _mm512_unpacklo_epi16(low01, low23), _mm512_unpackhi_epi16(low01, low23),
                _mm512_unpacklo_epi16(high01, high23), _mm512_unpackhi_epi16(high01, high23)};
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; j++) {
              const int t = (kx * quads + q) * 4 + j;
              sums[0][j] = _mm512_dpbusd_epi32(sums[0][j], columns[j], taps[0][t]);
              if (stride == 1) {
                sums[1][j] = _mm512_dpbusd_epi32(sums[1][j], columns[j], taps[1][t]);
              }
            }
          }
        }
        const int32_t left = c->width - x;
        const __mmask16 mask = left >= 4 ? 0xFFFF : (__mmask16)((1u << (4 * left)) - 1);
        for (int line = 0; line < lines; line++) {
          __m512i v[4];
#pragma clang loop unroll(full)
          for (int j = 0; j < 4; j++) {
            v[j] = clamped(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[line][j]), scale[j]), lo, hi);
          }
          const __m512i ab = _mm512_add_epi16(_mm512_packs_epi32(v[0], v[1]), zero_point);
          const __m512i cd = _mm512_add_epi16(_mm512_packs_epi32(v[2], v[3]), zero_point);
          _mm512_mask_storeu_epi32(out + line * c->output_row + (ptrdiff_t)x * 16, mask,
                                   _mm512_packus_epi16(ab, cd));
        }
      }
      y += lines;
    }
  }
}

static efk_isa efk_depthwise_u8s8_avx512vnni(const efk_depthwise *c, int32_t row,
                                                 int32_t row_end, int32_t block,
                                                 int32_t block_end) {
  if (c->kernel == 3 && c->stride == 1) {
    depthwise(c, row, row_end, block, block_end, 3, 1);
  } else if (c->kernel == 3) {
    depthwise(c, row, row_end, block, block_end, 3, 2);
  } else if (c->stride == 1) {
    depthwise(c, row, row_end, block, block_end, 5, 1);
  } else {
    depthwise(c, row, row_end, block, block_end, 5, 2);
  }
  return EFK_ISA_AVX512VNNI;
}

#define EFK_ISA EFK_ISA_AVX512VNNI
#define EFK_NAME(op) op##_avx512vnni
#include "quantized_elementwise.inc"

#pragma clang attribute pop

const efk_quantized efk_quantized_avx512vnni =
#include "quantized_table.inc"
    ;

#endif
