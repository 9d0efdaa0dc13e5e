#ifndef EFFACE_QUANTIZED_H
#define EFFACE_QUANTIZED_H

#include "isa.h"

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Activations lie in planes of 16 channels: plane, row, pixel, channel; one unsigned byte each, so
// that a pixel is 16 bytes. Around the picture runs a border that holds the zero point, as wide as
// the consumers' padding. Up to 256 bytes behind the last plane may be read, never written.
//
// Every kernel returns the instruction set that it was compiled for.

/// A convolution whose weights come in blocks of 16 output by 4 input channels; absent blocks are
/// zero and cost nothing, and a dense layer has every block. See the Swift reference for what it
/// computes.
typedef struct efk_conv {
  /// What output row 0, column 0 reads for tap row 0, column 0.
  const uint8_t *input;
  /// Bytes from what one output row reads to what the next one reads.
  ptrdiff_t input_row;
  /// Bytes of the input, over all its planes, that one more output row reads.
  ptrdiff_t input_share;
  /// Input pixels from one output pixel to the next: 1 or 2.
  int32_t stride;
  /// Output columns.
  int32_t width;

  /// Block after block: 16 output channels of 4 input channels each.
  const int8_t *weights;
  /// For each block, the bytes from a pixel's first tap to the four input channels it multiplies.
  const int32_t *offsets;
  /// For each 16 output channels, the number of its first block; one more ends the last.
  const uint32_t *rows;
  /// For each 16 output channels and each tap the number of its first block; one more ends the last.
  /// Null where blocks are not in this order, or where the border is not zero: kernels may leave out
  /// what reads nothing but border.
  const uint32_t *_Nullable taps;
  /// Taps a side, input pixels from one to the next, and how far above output row 0 the first lies.
  int32_t kernel;
  int32_t dilation;
  int32_t padding;
  /// Input rows.
  int32_t height;
  /// Where the table has an `arrange`: each row's blocks in the order that it chose, by their numbers
  /// in `weights`; `offsets` lie in this order too. Else null: as they are stored.
  const uint32_t *_Nullable order;
  /// For each 16 output channels, how many of its blocks are of the first kind and of the second; or
  /// null.
  const uint32_t *_Nullable kinds;
  /// For each 16 output channels, how many (itself included, at the most 255) have the very same
  /// offsets as it, one after the other: they may share loaded activations.
  const uint8_t *alike;
  /// One for each output channel.
  const int32_t *bias;
  /// 128 times the sum of each output channel's weights: for dot products of signed by signed.
  const int32_t *_Nullable correction;
  /// One for each output channel.
  const float *scale;

  /// Output planes, or null where the output is `output_f32`.
  uint8_t *_Nullable output;
  ptrdiff_t output_row;
  ptrdiff_t output_plane;
  /// Output as real numbers, channels interleaved; strides count floats.
  float *_Nullable output_f32;
  ptrdiff_t output_f32_row;
  ptrdiff_t output_f32_pixel;

  /// Planes to add before the clamp, of the output's size, or null.
  const uint8_t *_Nullable residual;
  ptrdiff_t residual_row;
  ptrdiff_t residual_plane;
  int32_t residual_zero_point;
  float residual_scale;

  /// The output's range less its zero point.
  float lo;
  float hi;
  int32_t zero_point;
} efk_conv;

/// A convolution of each channel by itself, 3x3 or 5x5.
typedef struct efk_depthwise {
  const uint8_t *input;
  /// Bytes from one input row to the next.
  ptrdiff_t input_row;
  ptrdiff_t input_plane;
  /// 1 or 2, both ways.
  int32_t stride;
  /// 3 or 5, both ways.
  int32_t kernel;
  /// Output columns.
  int32_t width;
  /// For each 16 channels, for each tap column, for each 4 tap rows: 16 channels of 4 taps.
  const int8_t *weights;
  const int32_t *bias;
  const float *scale;
  uint8_t *output;
  ptrdiff_t output_row;
  ptrdiff_t output_plane;
  float lo;
  float hi;
  int32_t zero_point;
} efk_depthwise;

/// How the second summand is read: `EFK_ADD_NEAREST2` has half the height and width, and
/// `EFK_ADD_BROADCAST` is one pixel.
typedef enum efk_add_mode : int32_t {
  EFK_ADD_SAME = 0,
  EFK_ADD_NEAREST2 = 1,
  EFK_ADD_BROADCAST = 2,
} efk_add_mode;

/// The sum of two activations of differing scales.
typedef struct efk_add {
  const uint8_t *a;
  ptrdiff_t a_row;
  ptrdiff_t a_plane;
  const uint8_t *b;
  ptrdiff_t b_row;
  ptrdiff_t b_plane;
  efk_add_mode mode;
  int32_t a_zero_point;
  int32_t b_zero_point;
  float a_scale;
  float b_scale;
  uint8_t *output;
  ptrdiff_t output_row;
  ptrdiff_t output_plane;
  int32_t width;
  float lo;
  float hi;
  int32_t zero_point;
} efk_add;

/// Pixels to planes: `unshuffle` by `unshuffle` pixels become one, its channels in the order
/// channel, row, column; channels up to the next multiple of 16 are zero.
typedef struct efk_pack {
  const uint8_t *input;
  /// Bytes from one row of pixels to the next.
  ptrdiff_t input_row;
  int32_t channels;
  int32_t unshuffle;
  uint8_t *output;
  ptrdiff_t output_row;
  ptrdiff_t output_plane;
  /// Output columns.
  int32_t width;
} efk_pack;

/// Kernels over quantized activations: one instance for each instruction set.
typedef struct efk_quantized {
  efk_isa isa;
  /// Parts the blocks `block..<block_end` into three kinds that `conv` computes in different ways:
  /// pairs, one block after the other, and two kinds of single ones. `order` gets the numbers of all
  /// of them, kind after kind, `kinds` how many are of the first and of the second. Null where there
  /// is one way.
  void (*_Nullable arrange)(const int8_t *weights, uint32_t block, uint32_t block_end,
                            uint32_t *order, uint32_t *kinds);
  /// Output rows `row..<row_end` of the 16-channel blocks `block..<block_end`.
  efk_isa (*conv)(const efk_conv *conv, int32_t row, int32_t row_end, int32_t block,
                  int32_t block_end);
  efk_isa (*depthwise)(const efk_depthwise *conv, int32_t row, int32_t row_end, int32_t block,
                       int32_t block_end);
  efk_isa (*add)(const efk_add *add, int32_t row, int32_t row_end, int32_t block,
                 int32_t block_end);
  /// Every output block of the rows.
  efk_isa (*pack)(const efk_pack *pack, int32_t row, int32_t row_end);
  /// The rounded average of one plane's pixels, or its zero point where it has none.
  efk_isa (*mean)(const uint8_t *input, ptrdiff_t input_row, int32_t height, int32_t width,
                  int32_t zero_point, uint8_t *output);
  /// One row of `width` pixels from half as many.
  efk_isa (*upsample2)(const uint8_t *input, uint8_t *output, int32_t width);
} efk_quantized;

extern const efk_quantized efk_quantized_scalar;
#if defined(__x86_64__)
extern const efk_quantized efk_quantized_avx2;
extern const efk_quantized efk_quantized_avxvnni;
extern const efk_quantized efk_quantized_avx512vnni;
#elif defined(__aarch64__)
extern const efk_quantized efk_quantized_neon;
extern const efk_quantized efk_quantized_neoni8mm;
#endif

/// A moment's rest for a thread that waits for another; `yields` lets others have its core.
void efk_pause(_Bool yields);

/// Sets the border beside rows `row..<row_end` of some planes, above the first row and below the
/// last one.
void efk_fill_border(uint8_t *planes, ptrdiff_t plane_bytes, int32_t height, int32_t width,
                     int32_t border, uint8_t zero_point, int32_t row, int32_t row_end,
                     int32_t plane, int32_t plane_end);

#pragma clang assume_nonnull end

#endif
