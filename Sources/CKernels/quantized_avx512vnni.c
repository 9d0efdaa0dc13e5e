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

// What rounded values become bytes with. Plans are refused whose values could leave 31 bits, so that
// rounding before the clamp gives the same.
typedef struct range {
  __m512i zero_point, lowest, highest;
  // Whether the zero point is 0 and bytes reach from 0 to 255, as after most layers: packing clamps.
  _Bool is_whole;
} range;

static inline __attribute__((always_inline)) range make_range(float lo, float hi,
                                                              int32_t zero_point) {
  return (range){_mm512_set1_epi16((int16_t)zero_point),
                 _mm512_set1_epi8((char)((int32_t)lo + zero_point)),
                 _mm512_set1_epi8((char)((int32_t)hi + zero_point)),
                 zero_point == 0 && lo == 0 && hi == 255};
}

// Four vectors of 32-bit values as bytes. Packing works within 128-bit lanes: each lane of the result
// has four values of each vector.
static inline __attribute__((always_inline)) __m512i pack(__m512i a, __m512i b, __m512i c,
                                                          __m512i d, range to) {
  const __m512i ab = _mm512_packs_epi32(a, b), cd = _mm512_packs_epi32(c, d);
  if (to.is_whole) return _mm512_packus_epi16(ab, cd);
  const __m512i all = _mm512_packus_epi16(_mm512_adds_epi16(ab, to.zero_point),
                                          _mm512_adds_epi16(cd, to.zero_point));
  return _mm512_min_epu8(_mm512_max_epu8(all, to.lowest), to.highest);
}

// Four pixels of 16 channels each as 64 bytes: the lanes turned round.
static inline __attribute__((always_inline)) __m512i bytes(__m512i a, __m512i b, __m512i c,
                                                           __m512i d, range to) {
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, pack(a, b, c, d, to));
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
  const range to = make_range(c->lo, c->hi, c->zero_point);
  uint8_t *out = c->output + block * c->output_plane + y * c->output_row + (ptrdiff_t)x * 16;
#define VALUE(i) _mm512_cvtps_epi32(real(c, sums[i], scale, residual ? residual + 16 * (i) : 0))
  if (pixels % 4 == 0) {
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i += 4) {
      _mm512_storeu_si512(out + 16 * i,
                          bytes(VALUE(i), VALUE(i + 1), VALUE(i + 2), VALUE(i + 3), to));
    }
  } else {
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++) {
      const __m512i v = VALUE(i);
      _mm_storeu_si128((__m128i *)(out + 16 * i),
                       _mm512_castsi512_si128(bytes(v, v, v, v, to)));
    }
  }
#undef VALUE
}

// The tap rows that a tile multiplies, first and one behind the last.
typedef struct tap_rows {
  int32_t first, end;
} tap_rows;

// Those of `rows` output rows from `y` that lie above or below the picture for all of them stay out,
// where what is there is zero.
static inline tap_rows rows_inside(const efk_conv *c, int32_t y, int32_t rows) {
  tap_rows inside = {0, c->kernel};
  if (!c->taps) return inside;
  const int32_t top = y * c->stride - c->padding, lowest = (y + rows - 1) * c->stride - c->padding;
  while (inside.first < inside.end && lowest + inside.first * c->dilation < 0) inside.first++;
  while (inside.first < inside.end && top + (inside.end - 1) * c->dilation >= c->height) inside.end--;
  return inside;
}

// The number of a tap row's first block among those of 16 output channels.
static inline uint32_t first_block(const efk_conv *c, int32_t block, int32_t tap_row) {
  if (c->taps) return c->taps[(block * c->kernel + tap_row) * c->kernel];
  return c->rows[block + (tap_row > 0)];
}

// Adds the products of the blocks `n..<end` at the pixels `from..<to` of a tile's `pixels` in each row.
static inline __attribute__((always_inline)) void multiply(
    const efk_conv *c, const uint8_t *input, uint32_t n, uint32_t end, size_t count, __m512i *sums,
    const int from, const int to, const int blocks, const int rows, const int pixels,
    const int stride) {
  const int8_t *w = c->weights + (size_t)n * 64;
#pragma clang loop unroll(disable)
  for (; n < end; n++, w += 64) {
    const uint8_t *a = input + c->offsets[n];
    __m512i weights[3];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) weights[b] = _mm512_loadu_si512(w + b * count * 64);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
      for (int i = from; i < to; i++) {
        int32_t four;
        __builtin_memcpy(&four, a + r * c->input_row + i * stride * 16, 4);
        const __m512i activation = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
        for (int b = 0; b < blocks; b++) {
          __m512i *sum = &sums[(b * rows + r) * pixels + i];
          *sum = _mm512_dpbusd_epi32(*sum, activation, weights[b]);
        }
      }
    }
  }
}

static inline __attribute__((always_inline)) void tile(const efk_conv *c, int32_t block, int32_t y,
                                                       int32_t x, tap_rows inside,
                                                       const int blocks, const int rows,
                                                       const int pixels, const int stride) {
  const size_t count = c->rows[block + 1] - c->rows[block];
  const uint8_t *input = c->input + y * c->input_row + (ptrdiff_t)x * stride * 16;
  __m512i sums[28];
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    const __m512i bias = _mm512_loadu_si512(c->bias + 16 * (block + b));
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * pixels; i++) sums[b * rows * pixels + i] = bias;
  }
#define MULTIPLY(n, end, from, to) \
  multiply(c, input, n, end, count, sums, from, to, blocks, rows, pixels, stride)
  const _Bool left = x == 0, right = x + pixels == c->width;
  if (blocks > 1 && pixels > 1 && stride == 1 && (left || right) && c->taps && c->kernel == 3 &&
      c->dilation == 1 && c->padding == 1) {
    // The first pixel of a row has only border to its left, the last one to its right.
    for (int32_t row = inside.first; row < inside.end; row++) {
      const uint32_t *taps = c->taps + (block * 3 + row) * 3;
      if (left) MULTIPLY(taps[0], taps[1], 1, pixels);
      else MULTIPLY(taps[0], taps[1], 0, pixels);
      MULTIPLY(taps[1], taps[2], 0, pixels);
      if (right) MULTIPLY(taps[2], taps[3], 0, pixels - 1);
      else MULTIPLY(taps[2], taps[3], 0, pixels);
    }
  } else {
    MULTIPLY(first_block(c, block, inside.first), first_block(c, block, inside.end), 0, pixels);
  }
#undef MULTIPLY
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      store(c, sums + (b * rows + r) * pixels, block + b, y + r, x, pixels);
    }
  }
}

#define FOUR(b) b, b + 1, b + 2, b + 3
#define SPREAD(b) FOUR(b), FOUR(b), FOUR(b), FOUR(b)
// Shuffles that repeat four of each lane's 16 bytes.
_Alignas(64) static const uint8_t spreads[4][64] = {
    {SPREAD(0), SPREAD(0), SPREAD(0), SPREAD(0)},
    {SPREAD(4), SPREAD(4), SPREAD(4), SPREAD(4)},
    {SPREAD(8), SPREAD(8), SPREAD(8), SPREAD(8)},
    {SPREAD(12), SPREAD(12), SPREAD(12), SPREAD(12)},
};

// The same for one output block whose result is bytes: each lane of an accumulator is a pixel, and
// holds four output channels. One load brings four pixels, and a shuffle spreads the four input
// channels: sparse blocks, which share nothing with each other, are then no longer bound by loads.
static inline __attribute__((always_inline)) void lanes(const efk_conv *c, int32_t block,
                                                        int32_t y, int32_t x, tap_rows inside,
                                                        const int rows, const int pixels) {
  uint32_t n = first_block(c, block, inside.first);
  const uint32_t end = first_block(c, block, inside.end);
  const int8_t *w = c->weights + (size_t)n * 64;
  const uint8_t *input = c->input + y * c->input_row + (ptrdiff_t)x * 16;
  const int quads = pixels / 4;
  __m512i sums[6][4];
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    const __m512i bias = _mm512_broadcast_i32x4(
        _mm_loadu_si128((const __m128i *)(c->bias + 16 * block + 4 * j)));
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * quads; i++) sums[i][j] = bias;
  }
#pragma clang loop unroll(disable)
  for (; n < end; n++, w += 64) {
    const int32_t offset = c->offsets[n];
    const uint8_t *a = input + (offset & ~15);
    const __m512i spread = _mm512_load_si512(spreads[(offset & 15) / 4]);
    __m512i weights[4];
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
      weights[j] = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(w + 16 * j)));
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * quads; i++) {
      const __m512i four = _mm512_shuffle_epi8(
          _mm512_loadu_si512(a + (i / quads) * c->input_row + (i % quads) * 64), spread);
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++) {
        sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], four, weights[j]);
      }
    }
  }

  const range to = make_range(c->lo, c->hi, c->zero_point);
  __m512 scale[4];
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    scale[j] = _mm512_broadcast_f32x4(_mm_loadu_ps(c->scale + 16 * block + 4 * j));
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows * quads; i++) {
    const ptrdiff_t row = y + i / quads, at = (ptrdiff_t)(x + i % quads * 4) * 16;
    __m512 value[4];
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
      value[j] = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[i][j]), scale[j]);
    }
    if (c->residual) {
      const __m512i zero = _mm512_setzero_si512();
      const __m512i offset = _mm512_set1_epi32(c->residual_zero_point);
      const __m512 by = _mm512_set1_ps(c->residual_scale);
      const __m512i r = _mm512_loadu_si512(c->residual + block * c->residual_plane +
                                           row * c->residual_row + at);
      const __m512i low = _mm512_unpacklo_epi8(r, zero), high = _mm512_unpackhi_epi8(r, zero);
      const __m512i parts[4] = {
          _mm512_unpacklo_epi16(low, zero), _mm512_unpackhi_epi16(low, zero),
          _mm512_unpacklo_epi16(high, zero), _mm512_unpackhi_epi16(high, zero)};
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++) {
        const __m512 difference = _mm512_cvtepi32_ps(_mm512_sub_epi32(parts[j], offset));
        value[j] = _mm512_add_ps(value[j], _mm512_mul_ps(difference, by));
      }
    }
    _mm512_storeu_si512(
        c->output + block * c->output_plane + row * c->output_row + at,
        pack(_mm512_cvtps_epi32(value[0]), _mm512_cvtps_epi32(value[1]),
             _mm512_cvtps_epi32(value[2]), _mm512_cvtps_epi32(value[3]), to));
  }
}

typedef void (*tile_function)(const efk_conv *c, int32_t block, int32_t y, int32_t x, tap_rows inside);

#define TILE(blocks, rows, pixels, stride)                                                        \
  static void efk_conv_u8s8_##blocks##x##rows##x##pixels##_s##stride##_avx512vnni(                \
      const efk_conv *c, int32_t block, int32_t y, int32_t x, tap_rows inside) {                      \
    tile(c, block, y, x, inside, blocks, rows, pixels, stride);                                   \
  }
// Tiles of one block and four or more pixels: stride 1 and bytes have their own way.
#define LANES(rows, pixels)                                                                       \
  static void efk_conv_u8s8_1x##rows##x##pixels##_s1_avx512vnni(const efk_conv *c, int32_t block, \
                                                                int32_t y, int32_t x,             \
                                                                tap_rows inside) {                    \
    if (c->output) lanes(c, block, y, x, inside, rows, pixels);                                   \
    else tile(c, block, y, x, inside, 1, rows, pixels, 1);                                        \
  }                                                                                               \
  TILE(1, rows, pixels, 2)
#define TILES(blocks, rows, pixels) TILE(blocks, rows, pixels, 1) TILE(blocks, rows, pixels, 2)
#define NAMES(blocks, rows, pixels)                                                               \
  {blocks, rows, pixels,                                                                          \
   {efk_conv_u8s8_##blocks##x##rows##x##pixels##_s1_avx512vnni,                                   \
    efk_conv_u8s8_##blocks##x##rows##x##pixels##_s2_avx512vnni}}

TILES(1, 1, 1) TILES(1, 1, 2) LANES(1, 4) LANES(1, 8) LANES(1, 12) LANES(1, 16) LANES(1, 20)
LANES(1, 24) LANES(2, 4) LANES(2, 8) LANES(2, 12) LANES(3, 8) LANES(4, 4)
TILES(2, 1, 1) TILES(2, 1, 4) TILES(2, 1, 8) TILES(2, 1, 12) TILES(2, 2, 4)
TILES(3, 1, 1) TILES(3, 1, 4) TILES(3, 1, 8) TILES(3, 2, 4)

static const struct {
  int blocks, rows, pixels;
  tile_function run[2];
} tiles[] = {
    NAMES(1, 1, 1),  NAMES(1, 1, 2),  NAMES(1, 1, 4),  NAMES(1, 1, 8),  NAMES(1, 1, 12),
    NAMES(1, 1, 16), NAMES(1, 1, 20), NAMES(1, 1, 24), NAMES(1, 2, 4),  NAMES(1, 2, 8),
    NAMES(1, 2, 12), NAMES(1, 3, 8),  NAMES(1, 4, 4),  NAMES(2, 1, 1),  NAMES(2, 1, 4),
    NAMES(2, 1, 8),  NAMES(2, 1, 12), NAMES(2, 2, 4),  NAMES(3, 1, 1),  NAMES(3, 1, 4),
    NAMES(3, 1, 8),  NAMES(3, 2, 4),
};
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

// One band of rows; `cuts` says how rows are cut, by how many blocks and rows there are, up to the
// largest tile's, and is filled in as needed.
static void band(const efk_conv *c, cut cuts[4][5], int32_t row, int32_t row_end, int32_t block,
                 int32_t block_end) {
  const int32_t width = c->width;
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
      const tap_rows inside = rows_inside(c, y, rule->rows);
      int32_t x = 0;
      for (int i = 0; i < rule->wide_count; i++, x += tiles[rule->wide].pixels) {
        tiles[rule->wide].run[c->stride - 1](c, b, y, x, inside);
      }
      for (int i = 0; i < rule->rest_count; i++) {
        // The last tile of a row is moved back to end with it.
        const int32_t pixels = tiles[rule->rest[i]].pixels;
        const int32_t start = x + pixels > width ? width - pixels : x;
        tiles[rule->rest[i]].run[c->stride - 1](c, b, y, start, inside);
        x += pixels;
      }
      y += rule->rows;
    }
    b += blocks;
  }
}

static efk_isa efk_conv_u8s8_avx512vnni(const efk_conv *c, int32_t row, int32_t row_end,
                                        int32_t block, int32_t block_end) {
  if (c->width <= 0) return EFK_ISA_AVX512VNNI;
  cut cuts[4][5];
  for (int b = 0; b < 4; b++) {
    for (int r = 0; r < 5; r++) cuts[b][r].rows = 0;
  }
  // Every output block reads the whole input: bands that stay in the second-level cache, in fours
  // because low tiles have up to four rows.
  const ptrdiff_t share = c->input_share > 0 ? c->input_share : 1;
  int32_t height = (int32_t)(384 * 1024 / share) & ~3;
  if (height < 4) height = 4;
  for (int32_t y = row; y < row_end; y += height) {
    band(c, cuts, y, y + height < row_end ? y + height : row_end, block, block_end);
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

// Four pixels of four rows, as four vectors: each lane a pixel, each 32 bits the rows of a channel.
static inline __attribute__((always_inline)) void interleave(const uint8_t *const *rows,
                                                             ptrdiff_t at, const int stride,
                                                             __m512i *out) {
  const __m512i r0 = four_pixels(rows[0] + at, stride), r1 = four_pixels(rows[1] + at, stride);
  const __m512i r2 = four_pixels(rows[2] + at, stride), r3 = four_pixels(rows[3] + at, stride);
  const __m512i low01 = _mm512_unpacklo_epi8(r0, r1), high01 = _mm512_unpackhi_epi8(r0, r1);
  const __m512i low23 = _mm512_unpacklo_epi8(r2, r3), high23 = _mm512_unpackhi_epi8(r2, r3);
  out[0] = _mm512_unpacklo_epi16(low01, low23);
  out[1] = _mm512_unpackhi_epi16(low01, low23);
  out[2] = _mm512_unpacklo_epi16(high01, high23);
  out[3] = _mm512_unpackhi_epi16(high01, high23);
}

// The four pixels that start `pixels` after the first of `here`, which `next` continues.
static inline __attribute__((always_inline)) __m512i after(__m512i here, __m512i next,
                                                           const int pixels) {
  switch (pixels) {
    case 0: return here;
    case 1: return _mm512_alignr_epi32(next, here, 4);
    case 2: return _mm512_alignr_epi32(next, here, 8);
    case 3: return _mm512_alignr_epi32(next, here, 12);
    default: return next;
  }
}

// What a block of 16 channels needs: its taps as they are and a row lower, biases and scales.
typedef struct depthwise_block {
  __m512i taps[2][COLUMNS * QUADS * 4];
  __m512i bias[4];
  __m512 scale[4];
} depthwise_block;

// One output row, or two at once. All but the width is known to the compiler: sums stay in registers.
static inline __attribute__((always_inline)) void depthwise_lines(
    const efk_depthwise *c, const depthwise_block *with, const uint8_t *in, uint8_t *out, range to,
    const int kernel, const int stride, const int lines) {
  const int quads = (kernel + 3) / 4;
  const __m512 scale[4] = {with->scale[0], with->scale[1], with->scale[2], with->scale[3]};
  const __m512i bias[4] = {with->bias[0], with->bias[1], with->bias[2], with->bias[3]};
  // Rows that no tap reads stand in by the first one, so that none outside is touched.
  const int used = kernel + lines - 1;
  const uint8_t *rows[8];
  for (int r = 0; r < 8; r++) rows[r] = in + (r < used ? r : 0) * c->input_row;
  // Four rows by four pixels, and those four pixels on: taps between are shifted out of both.
  __m512i here[QUADS][4], next[4];
  if (stride == 1) {
#pragma clang loop unroll(full)
    for (int q = 0; q < quads; q++) interleave(rows + 4 * q, 0, 1, here[q]);
  }
  for (int32_t x = 0; x < c->width; x += 4) {
    __m512i sums[2][4];
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) sums[0][j] = sums[1][j] = bias[j];
    const ptrdiff_t at = (ptrdiff_t)x * stride * 16;
#pragma clang loop unroll(full)
    for (int q = 0; q < quads; q++) {
      if (stride == 1) interleave(rows + 4 * q, at + 64, 1, next);
#pragma clang loop unroll(full)
      for (int kx = 0; kx < kernel; kx++) {
        __m512i columns[4];
        if (stride == 2) interleave(rows + 4 * q, at + kx * 16, 2, columns);
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) {
          if (stride == 1) columns[j] = after(here[q][j], next[j], kx);
          const int t = (kx * quads + q) * 4 + j;
#pragma clang loop unroll(full)
          for (int line = 0; line < lines; line++) {
            sums[line][j] = _mm512_dpbusd_epi32(sums[line][j], columns[j], with->taps[line][t]);
          }
        }
      }
      if (stride == 1) {
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) here[q][j] = next[j];
      }
    }
    const int32_t left = c->width - x;
#pragma clang loop unroll(full)
    for (int line = 0; line < lines; line++) {
      __m512i v[4];
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++) {
        v[j] = _mm512_cvtps_epi32(
            _mm512_mul_ps(_mm512_cvtepi32_ps(sums[line][j]), scale[j]));
      }
      uint8_t *at = out + line * c->output_row + (ptrdiff_t)x * 16;
      const __m512i four = pack(v[0], v[1], v[2], v[3], to);
      if (left >= 4) _mm512_storeu_si512(at, four);
      else _mm512_mask_storeu_epi32(at, (__mmask16)((1u << (4 * left)) - 1), four);
    }
  }
}

static inline __attribute__((always_inline)) void depthwise(const efk_depthwise *c, int32_t row,
                                                            int32_t row_end, int32_t block,
                                                            int32_t block_end, const int kernel,
                                                            const int stride) {
  const int quads = (kernel + 3) / 4;
  const range to = make_range(c->lo, c->hi, c->zero_point);
  for (int32_t b = block; b < block_end; b++) {
    depthwise_block with;
    const int8_t *weights = c->weights + (size_t)b * (size_t)(kernel * quads * 64);
    spread(weights, with.taps[0], kernel, quads, 0);
    spread(weights, with.taps[1], kernel, quads, 1);
    for (int j = 0; j < 4; j++) {
      with.bias[j] = _mm512_broadcast_i32x4(
          _mm_loadu_si128((const __m128i *)(c->bias + 16 * b + 4 * j)));
      with.scale[j] = _mm512_broadcast_f32x4(_mm_loadu_ps(c->scale + 16 * b + 4 * j));
    }
    // Else the compiler takes the taps apart and spills them where they straddle cache lines.
    if (stride == 1) __asm__ volatile("" : : "r"(&with) : "memory");
    const uint8_t *input = c->input + b * c->input_plane;
    uint8_t *output = c->output + b * c->output_plane;
    int32_t y = row;
    if (stride == 1) {
      for (; y + 2 <= row_end; y += 2) {
        depthwise_lines(c, &with, input + y * c->input_row, output + y * c->output_row, to, kernel,
                        1, 2);
      }
    }
    for (; y < row_end; y++) {
      depthwise_lines(c, &with, input + (ptrdiff_t)y * stride * c->input_row,
                      output + y * c->output_row, to, kernel, stride, 1);
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
