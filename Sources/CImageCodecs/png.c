#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "wall.h"

// MARK: Errors

static _Noreturn void png_failed(png_structp png, png_const_charp message) {
  efi_wall *wall = png_get_error_ptr(png);
  efi_code code = EFI_CORRUPT;
  if (strstr(message, "memory")) code = EFI_NO_MEMORY;
  if (strstr(message, "Not enough image data")) code = EFI_TRUNCATED;
  efi_leave(wall, code, message);
}

static void png_warned(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

// MARK: Reading

typedef struct {
  efi_wall wall;
  const uint8_t *bytes;
  const efi_range *ranges;
  int range_count;
  int range;      // the range being read
  size_t within;  // bytes of it already read
  efi_png_layout layout;
  uint8_t *samples;
  size_t sample_bytes;
  uint8_t *row;  // scratch
  png_structp png;
  png_infop info;
} decode_job;

static void read_ranges(png_structp png, png_bytep into, size_t count) {
  decode_job *job = png_get_io_ptr(png);
  while (count > 0) {
    if (job->range >= job->range_count) {
      efi_leave(&job->wall, EFI_TRUNCATED, "the chunks end before the picture");
    }
    const efi_range *range = &job->ranges[job->range];
    size_t left = range->count - job->within;
    size_t now = left < count ? left : count;
    memcpy(into, job->bytes + range->offset + job->within, now);
    into += now;
    count -= now;
    job->within += now;
    if (job->within == range->count) {
      job->range++;
      job->within = 0;
    }
  }
}

// One bit a sample, as bytes of 0 or 255: a mask's usual form. libpng takes each sample by itself, which is
// most of a large mask's time.
static void read_bits(decode_job *job) {
  const size_t width = png_get_image_width(job->png, job->info);
  const size_t height = png_get_image_height(job->png, job->info);
  if (height > job->sample_bytes / width || width * height != job->sample_bytes) {
    efi_leave(&job->wall, EFI_CORRUPT, "the header does not match the picture's size");
  }
  png_read_update_info(job->png, job->info);
  job->row = malloc(png_get_rowbytes(job->png, job->info));
  if (!job->row) efi_leave(&job->wall, EFI_NO_MEMORY, NULL);
  uint8_t spread[256][8];
  for (int value = 0; value < 256; value++) {
    for (int bit = 0; bit < 8; bit++) spread[value][bit] = value >> (7 - bit) & 1 ? 255 : 0;
  }
  for (size_t y = 0; y < height; y++) {
    png_read_row(job->png, job->row, NULL);
    uint8_t *to = job->samples + y * width;
    for (size_t i = 0; i < width / 8; i++) memcpy(to + 8 * i, spread[job->row[i]], 8);
    if (width % 8 != 0) memcpy(to + width / 8 * 8, spread[job->row[width / 8]], width % 8);
  }
  png_read_end(job->png, NULL);
}

/// Texts and profiles that unpack to more bytes are refused.
enum { UNPACKED_MAX = 8000000 };

/// Reads the chunks before the picture's data.
static void read_header(decode_job *job) {
  job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job->wall, png_failed, png_warned);
  if (!job->png) efi_leave(&job->wall, EFI_NO_MEMORY, NULL);
  job->info = png_create_info_struct(job->png);
  if (!job->info) efi_leave(&job->wall, EFI_NO_MEMORY, NULL);
  png_set_read_fn(job->png, job, read_ranges);
  png_set_user_limits(job->png, 0x7fffffff, 0x7fffffff);
  png_set_chunk_malloc_max(job->png, UNPACKED_MAX);
  png_set_benign_errors(job->png, 1);
  png_read_info(job->png, job->info);
}

static void decode_body(void *opaque) {
  decode_job *job = opaque;
  read_header(job);
  png_structp png = job->png;
  png_infop info = job->info;
  int color = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
  bool key = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  if (job->layout == EFI_PNG_GREY && color == PNG_COLOR_TYPE_GRAY && depth == 1 && !key &&
      png_get_interlace_type(png, info) == PNG_INTERLACE_NONE) {
    read_bits(job);
    return;
  }
  switch (job->layout) {
    case EFI_PNG_NATIVE:
      if (depth < 8) png_set_packing(png);
      break;
    case EFI_PNG_RGB16: {
      const uint16_t one = 1;
      if (depth != 16) efi_leave(&job->wall, EFI_CORRUPT, "the samples have no 16 bits");
      png_set_expand(png);
      if (*(const uint8_t *)&one) png_set_swap(png);
      png_set_strip_alpha(png);
      png_set_gray_to_rgb(png);
      break;
    }
    case EFI_PNG_RGBA16:
      png_set_expand_16(png);
      png_set_gray_to_rgb(png);
      if (!(color & PNG_COLOR_MASK_ALPHA) && !key) png_set_add_alpha(png, 0xffff, PNG_FILLER_AFTER);
      break;
    case EFI_PNG_RGB:
    case EFI_PNG_GREY:
    case EFI_PNG_GREY_ALPHA:
      png_set_expand(png);
      if (depth == 16) png_set_scale_16(png);
      if (job->layout == EFI_PNG_RGB) {
        png_set_strip_alpha(png);
        png_set_gray_to_rgb(png);
      } else {
        if (color & PNG_COLOR_MASK_COLOR) png_set_rgb_to_gray_fixed(png, 1, 29900, 58700);
        if (job->layout == EFI_PNG_GREY) {
          if ((color & PNG_COLOR_MASK_ALPHA) || key) {
            efi_leave(&job->wall, EFI_CORRUPT, "the picture has transparency");
          }
        } else if (!(color & PNG_COLOR_MASK_ALPHA) && !key) {
          png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
        }
      }
      break;
  }
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t stride = png_get_rowbytes(png, info), height = png_get_image_height(png, info);
  if (stride == 0 || height > job->sample_bytes / stride || stride * height != job->sample_bytes) {
    efi_leave(&job->wall, EFI_CORRUPT, "the header does not match the picture's size");
  }
  for (int pass = 0; pass < passes; pass++) {
    for (size_t y = 0; y < height; y++) png_read_row(png, job->samples + y * stride, NULL);
  }
  png_read_end(png, NULL);
}

efi_code efi_png_decode(const uint8_t *bytes, const efi_range *ranges, int range_count,
                        efi_png_layout layout, uint8_t *samples, size_t sample_bytes,
                        efi_failure *failure) {
  decode_job job = {.wall.failure = failure, .bytes = bytes, .ranges = ranges,
                    .range_count = range_count, .layout = layout, .samples = samples,
                    .sample_bytes = sample_bytes};
  efi_code code = efi_guard(&job.wall, decode_body, &job);
  png_destroy_read_struct(&job.png, &job.info, NULL);
  free(job.row);
  return code;
}

typedef struct {
  decode_job reading;
  efi_buffer *output;
} unpack_job;

static void unpacked(unpack_job *job, const void *bytes, size_t count) {
  if (!efi_buffer_reserve(job->output, count)) efi_leave(&job->reading.wall, EFI_NO_MEMORY, NULL);
  memcpy(job->output->bytes, bytes, count);
  job->output->count = count;
}

static void profile_body(void *opaque) {
  unpack_job *job = opaque;
  read_header(&job->reading);
  png_charp name;
  png_bytep profile;
  png_uint_32 count;
  int compression;
  if (png_get_iCCP(job->reading.png, job->reading.info, &name, &compression, &profile, &count)) {
    unpacked(job, profile, count);
  }
}

static void text_body(void *opaque) {
  unpack_job *job = opaque;
  read_header(&job->reading);
  png_textp texts;
  if (png_get_text(job->reading.png, job->reading.info, &texts, NULL) > 0) {
    // One of the lengths is 0: the first counts Latin-1, the second UTF-8.
    unpacked(job, texts[0].text, texts[0].text_length + texts[0].itxt_length);
  }
}

static efi_code unpack(const uint8_t *bytes, const efi_range *ranges, int range_count,
                       void (*body)(void *), efi_buffer *output, efi_failure *failure) {
  unpack_job job = {.reading = {.wall.failure = failure, .bytes = bytes, .ranges = ranges,
                                .range_count = range_count},
                    .output = output};
  output->count = 0;
  efi_code code = efi_guard(&job.reading.wall, body, &job);
  png_destroy_read_struct(&job.reading.png, &job.reading.info, NULL);
  if (code != EFI_OK) efi_buffer_free(output);
  return code;
}

efi_code efi_png_read_profile(const uint8_t *bytes, const efi_range *ranges, int range_count,
                              efi_buffer *output, efi_failure *failure) {
  return unpack(bytes, ranges, range_count, profile_body, output, failure);
}

efi_code efi_png_read_text(const uint8_t *bytes, const efi_range *ranges, int range_count,
                           efi_buffer *output, efi_failure *failure) {
  return unpack(bytes, ranges, range_count, text_body, output, failure);
}

// MARK: Writing

// zlib's names for these strategies are not for users of libpng alone: the numbers are part of its
// interface.
enum { STRATEGY_DEFAULT = 0, STRATEGY_FILTERED = 1, STRATEGY_RUNS = 3 };

/// What both writers begin with, for their common callback.
typedef struct {
  efi_wall wall;
  efi_buffer *output;
} png_sink;

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  png_sink *sink = png_get_io_ptr(png);
  if (!efi_buffer_reserve(sink->output, count)) efi_leave(&sink->wall, EFI_NO_MEMORY, NULL);
  memcpy(sink->output->bytes + sink->output->count, bytes, count);
  sink->output->count += count;
}

static void write_nothing(png_structp png) { (void)png; }

typedef struct {
  png_sink sink;
  const char *keyword;
  const char *text;
  png_structp png;
  png_infop info;
} pack_job;

static void pack_body(void *opaque) {
  pack_job *job = opaque;
  job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job->sink.wall, png_failed, png_warned);
  if (!job->png) efi_leave(&job->sink.wall, EFI_NO_MEMORY, NULL);
  job->info = png_create_info_struct(job->png);
  if (!job->info) efi_leave(&job->sink.wall, EFI_NO_MEMORY, NULL);
  png_set_write_fn(job->png, &job->sink, write_bytes, write_nothing);
  png_set_IHDR(job->png, job->info, 1, 1, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_text text = {.compression = PNG_TEXT_COMPRESSION_zTXt, .key = (png_charp)job->keyword,
                   .text = (png_charp)job->text, .text_length = strlen(job->text)};
  png_set_text(job->png, job->info, &text, 1);
  png_write_info(job->png, job->info);
  // Behind the signature and IHDR, 33 bytes, lies the chunk: length, name, contents, checksum.
  enum { BEFORE = 33 + 8, BEHIND = 4 };
  efi_buffer *output = job->sink.output;
  if (output->count < BEFORE + BEHIND) efi_leave(&job->sink.wall, EFI_CORRUPT, "no text written");
  output->count -= BEFORE + BEHIND;
  memmove(output->bytes, output->bytes + BEFORE, output->count);
}

efi_code efi_png_pack_text(const char *keyword, const char *text, efi_buffer *output,
                           efi_failure *failure) {
  pack_job job = {
      .sink.wall.failure = failure, .sink.output = output, .keyword = keyword, .text = text};
  output->count = 0;
  efi_code code = efi_guard(&job.sink.wall, pack_body, &job);
  png_destroy_write_struct(&job.png, &job.info);
  if (code != EFI_OK) efi_buffer_free(output);
  return code;
}

typedef struct {
  png_sink sink;
  const uint8_t *samples;
  const efi_png_info *frame;
  const uint8_t *palette;
  int palette_count;
  efi_png_effort effort;
  png_structp png;
  png_infop info;
} encode_job;

static void encode_body(void *opaque) {
  encode_job *job = opaque;
  const efi_png_info *frame = job->frame;
  job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job->sink.wall, png_failed, png_warned);
  if (!job->png) efi_leave(&job->sink.wall, EFI_NO_MEMORY, NULL);
  job->info = png_create_info_struct(job->png);
  if (!job->info) efi_leave(&job->sink.wall, EFI_NO_MEMORY, NULL);
  png_structp png = job->png;
  png_infop info = job->info;
  png_set_write_fn(png, job, write_bytes, write_nothing);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_compression_level(png, job->effort.level);
  png_set_compression_strategy(png, job->effort.runs_only  ? STRATEGY_RUNS
                                    : job->effort.filtered ? STRATEGY_FILTERED
                                                           : STRATEGY_DEFAULT);
  png_set_compression_buffer_size(png, 1 << 18);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, job->effort.filters);
  png_set_IHDR(png, info, frame->width, frame->height, frame->depth, frame->color_type,
               frame->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  if (frame->color_type == PNG_COLOR_TYPE_PALETTE) {
    png_color colors[PNG_MAX_PALETTE_LENGTH];
    for (int i = 0; i < job->palette_count && i < PNG_MAX_PALETTE_LENGTH; i++) {
      const uint8_t *rgb = job->palette + 3 * i;
      colors[i] = (png_color){rgb[0], rgb[1], rgb[2]};
    }
    png_set_PLTE(png, info, colors, job->palette_count);
    // The samples outside the mask are the source's, whatever it meant by them.
    png_set_check_for_invalid_index(png, 0);
  }
  png_write_info(png, info);
  if (frame->depth < 8) png_set_packing(png);
  size_t channels = png_get_channels(png, info);
  size_t stride = (size_t)frame->width * channels * (frame->depth == 16 ? 2 : 1);
  int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; pass++) {
    for (size_t y = 0; y < frame->height; y++) png_write_row(png, job->samples + y * stride);
  }
  png_write_end(png, NULL);
}

efi_code efi_png_encode(const uint8_t *samples, const efi_png_info *info, const uint8_t *palette,
                        int palette_count, efi_png_effort effort, efi_buffer *output,
                        efi_failure *failure) {
  encode_job job = {.sink.wall.failure = failure, .samples = samples, .frame = info,
                    .palette = palette, .palette_count = palette_count, .effort = effort,
                    .sink.output = output};
  output->count = 0;
  efi_code code = efi_guard(&job.sink.wall, encode_body, &job);
  png_destroy_write_struct(&job.png, &job.info);
  if (code != EFI_OK) efi_buffer_free(output);
  return code;
}
