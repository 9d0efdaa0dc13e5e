#ifndef EFFACE_IMAGE_H
#define EFFACE_IMAGE_H

#include "isa.h"

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Every kernel here computes in integers, so that each instruction set gives the same bytes. Each
// returns the instruction set that it was compiled for.

// Patches are squares of 7 by 7 pixels. A picture to search is interleaved in 4 bytes a pixel: red,
// green, blue and texture (how much its neighbourhood varies); it may be read up to 32 bytes behind
// its last row. Positions of a field are packed: row << 16 | column of a patch's centre.

/// The half side of a patch.
enum { EFK_PATCH_RADIUS = 3 };

/// One pass of PatchMatch over a band of rows. See the Swift caller for what the algorithm is.
typedef struct efk_patch_search {
  /// The picture: sources outside the hole, and what the hole holds for now.
  const uint8_t *pixels;
  /// Bytes from one row of the picture to the next; the other images have one byte (or 4) a pixel
  /// and the same rows and columns.
  ptrdiff_t row;
  int32_t width;
  int32_t height;
  /// 4 bytes a pixel, 255 where a target's pixel counts and 0 where it does not, or null: all count.
  const uint8_t *_Nullable counts;
  /// Low-passed picture, 4 bytes a pixel, or null.
  const uint8_t *_Nullable guide;
  /// What a squared difference of the guide costs, at four points of the patch; in 64ths, below 4,032.
  uint32_t guide_weight;
  /// One byte a pixel: how much of `guide_weight` counts for the target there, 255 all of it; or
  /// null: all.
  const uint8_t *_Nullable trust;
  /// One byte a pixel: not 0 where a source patch may have its centre.
  const uint8_t *usable;
  /// One byte a pixel: not 0 where a target patch has its centre.
  const uint8_t *wanted;

  /// One byte an entry of the field: not 0 where the target is searched and measured now.
  const uint8_t *active;

  /// The field: for each target of a rectangle of the picture its source and what that costs.
  uint32_t *field;
  uint32_t *cost;
  int32_t field_x;
  int32_t field_y;
  int32_t field_width;
  int32_t field_height;

  /// +1: candidates come from the left and from above; −1: from the right and from below.
  int32_t direction;
  /// How far the first random candidate may lie from the source so far; 0: none is drawn.
  int32_t radius;
  /// Random candidates drawn from the whole picture besides.
  int32_t anywhere;
  uint32_t seed;
} efk_patch_search;

/// Votes of overlapping patches for the pixels of the hole.
typedef struct efk_patch_vote {
  const uint8_t *pixels;
  ptrdiff_t row;
  int32_t width;
  int32_t height;
  /// One byte a pixel: not 0 in the hole.
  const uint8_t *hole;
  const uint8_t *wanted;
  const uint32_t *field;
  /// One weight a target, 0 to 1024.
  const uint16_t *weight;
  int32_t field_x;
  int32_t field_y;
  int32_t field_width;
  int32_t field_height;
  /// Where the voted pixels go: the layout of `pixels`.
  uint8_t *output;
  /// One byte an entry of the field: `patch_vote` passes over pixels where it is 0; or null.
  const uint8_t *_Nullable stale;
  /// One byte an entry of the field, set to 255 where `patch_vote` changes a channel by more than
  /// `tolerance`, to 0 elsewhere in the hole; or null.
  uint8_t *_Nullable changed;
  int32_t tolerance;
  /// How much of a pixel `patch_vote` takes from the vote, in 256ths; the rest stays as it is.
  uint32_t share;
  /// What `patch_vote` and `patch_best` multiply the fourth channel by, in 256ths.
  uint32_t texture_gain;
  /// The layout of `pixels`: no fourth channel is raised above the one here; or null.
  const uint8_t *_Nullable texture_limit;
} efk_patch_vote;

/// Kernels over whole images: one instance for each instruction set that has its own code.
typedef struct efk_image {
  efk_isa isa;

  /// A weighted sum of `taps` rows of `count` bytes: out = (Σ weight · byte + 128) >> 8, where the
  /// weights of a row of 1.0 sum to 16384; so 1.0 is 64 in `out`.
  efk_isa (*weigh_rows)(const uint8_t *rows, ptrdiff_t row, const int16_t *weights, int32_t taps,
                        int16_t *out, int32_t count);
  /// For each of `width` output pixels a weighted sum of `taps` pixels from `first[x]` on:
  /// out = clamp((Σ weight · in + 2^19) >> 20). Weights lie output after output.
  efk_isa (*weigh_columns)(const int16_t *in, int32_t channels, const int32_t *first,
                           const int16_t *weights, int32_t taps, uint8_t *out, int32_t width);

  /// Running means of 2 · radius + 1 bytes along a row of pixels, edges repeated:
  /// out = (sum · reciprocal + 2^23) >> 24.
  efk_isa (*box_row)(const uint8_t *in, int32_t width, int32_t channels, int32_t radius,
                     uint32_t reciprocal, uint8_t *out);
  /// One step of running means down columns: sums += entering − leaving, out from the sums as in
  /// `box_row`.
  efk_isa (*box_step)(uint32_t *sums, const uint8_t *entering, const uint8_t *leaving,
                      uint32_t reciprocal, uint8_t *out, int32_t count);

  /// One row of the distance down a column to the nearest set pixel above: 0 where `mask` is
  /// set, else one more than `above`, at the most `far`.
  efk_isa (*distance_down)(const uint8_t *mask, const uint16_t *above, uint16_t far, uint16_t *out,
                           int32_t count);
  /// The way back: out = min(out, below + 1).
  efk_isa (*distance_up)(const uint16_t *below, uint16_t *out, int32_t count);
  /// Squared distances along a row, from those down the columns: the least of dx² + vertical[x + dx]²
  /// for |dx| < far, where vertical is at the most `far` and `far` at the most 181. `squares` is
  /// scratch of count + 2 · far numbers, of which the first and last `far` hold far².
  efk_isa (*distance_across)(const uint16_t *vertical, int32_t far, uint16_t *squares, int32_t *out,
                             int32_t count);

  /// One row of the derivatives of a picture of `width` bytes a row under a Gaussian of one pixel, from that
  /// row and three on each side of it, edges repeated: xx, xy, yy, x and y, in 64ths, cut off to whole
  /// numbers, `plane` numbers apart; and 16 times the magnitude of the larger eigenvalue of the second ones,
  /// at most 255. `scratch` holds 3 · (width + 6) numbers.
  efk_isa (*ridge_row)(const uint8_t *_Nonnull const *_Nonnull rows, float *scratch, int16_t *out,
                       ptrdiff_t plane, uint8_t *strengths, int32_t width);

  /// What the field's sources cost, for the field's rows `row..<row_end`.
  efk_isa (*patch_cost)(const efk_patch_search *search, int32_t row, int32_t row_end);
  /// One pass over the field's rows `row..<row_end`; `before` is the field's row that the first one
  /// (of the direction) takes candidates from, as it was before the pass, or null.
  efk_isa (*patch_search)(const efk_patch_search *search, int32_t row, int32_t row_end,
                          const uint32_t *_Nullable before);
  /// The weighted mean of what all overlapping patches say, for hole pixels of the field's rows.
  efk_isa (*patch_vote)(const efk_patch_vote *vote, int32_t row, int32_t row_end);
  /// What the cheapest of the overlapping patches says; `weight` holds no weights but is not read,
  /// `cost` decides.
  efk_isa (*patch_best)(const efk_patch_vote *vote, const uint32_t *cost, int32_t row,
                        int32_t row_end);
  /// What the source says on which the overlapping patches agree most: votes for one offset add up.
  efk_isa (*patch_agree)(const efk_patch_vote *vote, int32_t row, int32_t row_end);

  /// Halves a picture of 4 bytes a pixel: means of the known ones among 2 by 2. A pixel of the
  /// result is known where at least `needed` of its (up to four) pixels inside the picture are, and
  /// all of them where `needed` is 4.
  efk_isa (*halve)(const uint8_t *pixels, ptrdiff_t row, const uint8_t *known, int32_t width,
                   int32_t height, int32_t needed, uint8_t *out, ptrdiff_t out_row,
                   uint8_t *out_known, int32_t out_row_first, int32_t out_row_end);
  /// Fills unknown pixels of a row from a picture of half the size, along straight lines.
  efk_isa (*push)(uint8_t *pixels, ptrdiff_t row, const uint8_t *known, int32_t width,
                  const uint8_t *half, ptrdiff_t half_row, int32_t half_width,
                  int32_t half_height, int32_t y);
} efk_image;

extern const efk_image efk_image_scalar;
#if defined(__x86_64__)
extern const efk_image efk_image_avx2;
extern const efk_image efk_image_avx512;
#elif defined(__aarch64__)
extern const efk_image efk_image_neon;
#endif

#pragma clang assume_nonnull end

#endif
