#ifndef EFFACE_IMAGE_H
#define EFFACE_IMAGE_H

#include "isa.h"

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Every kernel here computes in integers, so that each instruction set gives the same bytes. Each
// returns the instruction set that it was compiled for.

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

  /// One row of the distance down a column to the nearest set pixel above: 0 where `mask` reaches
  /// the threshold, else one more than `above`, at the most `far`.
  efk_isa (*distance_down)(const uint8_t *mask, uint8_t threshold, const uint16_t *above,
                           uint16_t far, uint16_t *out, int32_t count);
  /// The way back: out = min(out, below + 1).
  efk_isa (*distance_up)(const uint16_t *below, uint16_t *out, int32_t count);
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
