// The wall around libjpeg and libpng: their errors jump no further than this target, nothing is
// printed, and no call ends the process. Every function returns an `efi_code`; when it is not
// `EFI_OK`, `failure` holds the library's own words and everything allocated on the way is freed.

#ifndef EFFACE_IMAGE_CODECS_H
#define EFFACE_IMAGE_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum efi_code {
  EFI_OK = 0,
  EFI_TRUNCATED,    ///< the data ends before the picture does
  EFI_CORRUPT,      ///< the data contradicts itself
  EFI_UNSUPPORTED,  ///< a kind of file that the library cannot read or write
  EFI_NO_MEMORY,    ///< an allocation failed
  EFI_BAD_SCRIPT,   ///< the scans or Huffman tables asked for cannot be written
} efi_code;

enum { EFI_MESSAGE_CAPACITY = 256 };

/// What went wrong, in the library's words.
typedef struct efi_failure {
  char message[EFI_MESSAGE_CAPACITY];
} efi_failure;

/// Bytes that this target allocated: give them back with `efi_buffer_free`.
typedef struct efi_buffer {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} efi_buffer;

void efi_buffer_free(efi_buffer *buffer);

/// The bytes of memory that the machine has, or 0 when it does not say.
uint64_t efi_physical_memory(void);

/// The CRC-32 of PNG chunks, continued from `crc` (0 to start).
uint32_t efi_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

// MARK: JPEG

typedef enum efi_jpeg_color {
  EFI_JPEG_GREY,
  EFI_JPEG_RGB,
  EFI_JPEG_YCBCR,
  EFI_JPEG_CMYK,
  EFI_JPEG_YCCK,
  EFI_JPEG_OTHER,
} efi_jpeg_color;

/// What a JPEG's header says.
typedef struct efi_jpeg_info {
  int width;
  int height;
  int components;
  efi_jpeg_color color;
  bool progressive;
  bool arithmetic;
  int horizontal[4];    ///< sampling factor of each component
  int vertical[4];
} efi_jpeg_info;

/// One scan of a JPEG: the components in it (as positions in the frame), band and bits.
typedef struct efi_jpeg_scan {
  int count;
  int components[4];
  int first;
  int last;
  int high;
  int low;
} efi_jpeg_scan;

/// How an edited JPEG is to be written.
typedef struct efi_jpeg_plan {
  const efi_jpeg_scan *scans;  ///< the source's scans, or NULL for one scan with every component
  int scan_count;
  bool progression;            ///< write libjpeg's own progression in place of `scans`
  bool may_reuse_tables;       ///< one sequential scan, so the source's Huffman tables still hold
  bool arithmetic;             ///< write arithmetic codes, as the source has them
  int restart_interval;        ///< in MCUs, 0 for none
  int restart_rows;            ///< in rows of MCUs, which each scan counts in its own way; 0 for none
} efi_jpeg_plan;

/// What was done to write an edited JPEG.
typedef struct efi_jpeg_outcome {
  bool reused_tables;  ///< the scan is coded with the source's own Huffman tables
  int64_t replaced;    ///< coefficient blocks coded anew
} efi_jpeg_outcome;

/// Reads a JPEG's header.
efi_code efi_jpeg_read_info(const uint8_t *bytes, size_t count, efi_jpeg_info *info,
                            efi_failure *failure);

/// Decodes a JPEG of the size that `efi_jpeg_read_info` found to RGB, rows without gaps.
efi_code efi_jpeg_decode_rgb(const uint8_t *bytes, size_t count, uint8_t *pixels,
                             efi_failure *failure);

/// Writes the coefficients of a JPEG in many scans as one sequential scan, without metadata.
///
/// It decodes to the same pixels several times as fast: what a progressive file costs is paid once,
/// however often it is read. Fails where one scan cannot hold the picture, or scans are missing.
efi_code efi_jpeg_sequential(const uint8_t *bytes, size_t count, efi_buffer *output,
                             efi_failure *failure);

/// Writes the source's coefficients again, with the blocks that `mask` touches coded anew from
/// `pixels`, by the source's quantization tables and sampling.
///
/// `source` may be the file or its `efi_jpeg_sequential` copy. `mask` (one byte a pixel) has the source's size.
/// `pixels` (RGB) are its rows from `first_row` on, as far as the mask touches rows of MCUs; of a CMYK file
/// all. Where the mask is 0 they are as `efi_jpeg_decode_rgb` gave them. The result has no APPn or COM segments.
efi_code efi_jpeg_encode_over(const uint8_t *source, size_t count, const uint8_t *pixels,
                              size_t first_row, const uint8_t *mask, const efi_jpeg_plan *plan, efi_buffer *output,
                              efi_jpeg_outcome *outcome, efi_failure *failure);

/// Encodes the whole picture anew at `quality`, in the source's colour model and sampling.
///
/// As `efi_jpeg_encode_over`, without APPn or COM segments.
efi_code efi_jpeg_encode_again(const uint8_t *source, size_t count, const uint8_t *pixels,
                               const uint8_t *mask, int quality, bool progression,
                               bool arithmetic, int restart_interval, efi_buffer *output,
                               efi_failure *failure);

/// Encodes grey (1 channel) or RGB (3) pixels as a new baseline JPEG.
efi_code efi_jpeg_encode_new(const uint8_t *pixels, int width, int height, int channels,
                             int quality, bool full_chroma, efi_buffer *output,
                             efi_failure *failure);

/// How the coefficients of two JPEGs differ.
typedef struct efi_jpeg_difference {
  bool comparable;          ///< same size, components, sampling and quantization tables
  int64_t blocks;           ///< blocks in each
  int64_t differing;        ///< those that differ
  int64_t outside;          ///< those that differ, and that the mask does not touch
  int64_t coefficients;     ///< coefficients that differ, in all blocks
} efi_jpeg_difference;

/// Compares the coefficients of two JPEGs; `mask` has the first one's size, one byte a pixel.
efi_code efi_jpeg_compare(const uint8_t *first, size_t first_count, const uint8_t *second,
                          size_t second_count, const uint8_t *mask,
                          efi_jpeg_difference *difference, efi_failure *failure);

// MARK: PNG

/// A part of a file.
typedef struct efi_range {
  size_t offset;
  size_t count;
} efi_range;

/// A PNG's frame.
typedef struct efi_png_info {
  uint32_t width;
  uint32_t height;
  int depth;       ///< bits a sample: 1, 2, 4, 8, 16
  int color_type;  ///< 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
  bool interlaced;
} efi_png_info;

typedef enum efi_png_layout {
  EFI_PNG_RGB,     ///< 8-bit RGB, whatever the file holds; alpha is left out
  EFI_PNG_RGB16,   ///< 16-bit RGB of a file that holds as many, in the machine's byte order
  EFI_PNG_RGBA16,  ///< 16-bit RGB and alpha, high bytes first, whatever the file holds; without alpha opaque
  EFI_PNG_GREY,    ///< 8-bit luminance of a picture without transparency
  EFI_PNG_GREY_ALPHA,  ///< 8-bit luminance and alpha
  EFI_PNG_NATIVE,  ///< the file's samples: a byte each up to 8 bits (unscaled), else two, high first
} efi_png_layout;

/// Decodes the chunks of a PNG that lie in `ranges` (the signature first), rows without gaps.
efi_code efi_png_decode(const uint8_t *bytes, const efi_range *ranges, int range_count,
                        efi_png_layout layout, uint8_t *samples, size_t sample_bytes,
                        efi_failure *failure);

/// Reads the colour profile in the chunks that lie in `ranges` (the signature first); none: empty.
efi_code efi_png_read_profile(const uint8_t *bytes, const efi_range *ranges, int range_count,
                              efi_buffer *output, efi_failure *failure);

/// Unpacks the text of the one text chunk in `ranges` (the signature, IHDR and PLTE first); none, or one
/// of more than 8 MB: empty.
efi_code efi_png_read_text(const uint8_t *bytes, const efi_range *ranges, int range_count,
                           efi_buffer *output, efi_failure *failure);

/// Packs a text without zeros as the contents of a zTXt chunk; `keyword` ends with a zero.
efi_code efi_png_pack_text(const char *keyword, const char *text, efi_buffer *output,
                           efi_failure *failure);

/// How hard a PNG's samples are packed.
typedef struct efi_png_effort {
  int filters;    ///< the filters to choose from for each row, as libpng's bits
  int level;      ///< zlib's, 0 to 9
  bool runs_only; ///< zlib looks for runs of one byte only: fast, and good for photos
  bool filtered;  ///< zlib expects filtered samples: few and short matches
} efi_png_effort;

/// Encodes samples in the `EFI_PNG_NATIVE` layout as a PNG with its critical chunks only.
///
/// `palette` holds `palette_count` RGB triples, for colour type 3.
efi_code efi_png_encode(const uint8_t *samples, const efi_png_info *info, const uint8_t *palette,
                        int palette_count, efi_png_effort effort, efi_buffer *output,
                        efi_failure *failure);

#endif
