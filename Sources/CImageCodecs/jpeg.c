#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "wall.h"

// No camera or program writes more scans; a file that does makes a decoder work for hours.
enum { MAX_SCANS = 500 };

// Rows of MCUs that are coded anew together.
enum { STRIP_ROWS = 8 };

// MARK: Errors

typedef struct {
  struct jpeg_error_mgr manager;  // first: libjpeg hands this back
  efi_wall *wall;
  bool input_ended;
} error_state;

static efi_code code_of_message(int message) {
  switch (message) {
    case JERR_OUT_OF_MEMORY:
      return EFI_NO_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
      return EFI_UNSUPPORTED;
    case JERR_BAD_PROG_SCRIPT:
    case JERR_BAD_SCAN_SCRIPT:
    case JERR_MISSING_DATA:
      return EFI_BAD_SCRIPT;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
    case JWRN_HIT_MARKER:
      return EFI_TRUNCATED;
    default:
      return EFI_CORRUPT;
  }
}

static void error_exit(j_common_ptr common) {
  error_state *state = (error_state *)common->err;
  char text[JMSG_LENGTH_MAX];
  state->manager.format_message(common, text);
  efi_code code = code_of_message(state->manager.msg_code);
  if (code == EFI_CORRUPT && state->input_ended) code = EFI_TRUNCATED;
  // Data that stops short of a marker is damaged, not cut, as long as the file goes on.
  if (code == EFI_TRUNCATED && common->is_decompressor && !state->input_ended) code = EFI_CORRUPT;
  efi_leave(state->wall, code, text);
}

/// Warnings about missing or unreadable picture data are errors: libjpeg would paint it grey.
static void emit_message(j_common_ptr common, int level) {
  if (level >= 0) return;
  switch (common->err->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      error_exit(common);
      break;
    default:
      common->err->num_warnings++;
  }
}

static void stay_silent(j_common_ptr common) { (void)common; }

static void error_state_init(error_state *state, efi_wall *wall) {
  jpeg_std_error(&state->manager);
  state->manager.error_exit = error_exit;
  state->manager.emit_message = emit_message;
  state->manager.output_message = stay_silent;
  state->wall = wall;
  state->input_ended = false;
}

// MARK: Bytes in and out

static void source_nothing(j_decompress_ptr info) { (void)info; }

/// The end of the data: libjpeg gets an end-of-image marker, and the fact is kept.
static boolean source_fill(j_decompress_ptr info) {
  static const JOCTET end[] = {0xFF, JPEG_EOI};
  ((error_state *)info->err)->input_ended = true;
  info->src->next_input_byte = end;
  info->src->bytes_in_buffer = sizeof end;
  return TRUE;
}

static void source_skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if ((size_t)count > info->src->bytes_in_buffer) {
    source_fill(info);
  } else {
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
  }
}

static void source_init(struct jpeg_source_mgr *source, j_decompress_ptr info,
                        const uint8_t *bytes, size_t count) {
  *source = (struct jpeg_source_mgr){
      .next_input_byte = bytes,
      .bytes_in_buffer = count,
      .init_source = source_nothing,
      .fill_input_buffer = source_fill,
      .skip_input_data = source_skip,
      .resync_to_restart = jpeg_resync_to_restart,
      .term_source = source_nothing,
  };
  info->src = source;
}

typedef struct {
  struct jpeg_destination_mgr manager;  // first: libjpeg hands this back
  efi_buffer *buffer;
} destination;

static void destination_offer(j_compress_ptr info) {
  destination *target = (destination *)info->dest;
  efi_buffer *buffer = target->buffer;
  if (!efi_buffer_reserve(buffer, 1 << 16)) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
  target->manager.next_output_byte = buffer->bytes + buffer->count;
  target->manager.free_in_buffer = buffer->capacity - buffer->count;
}

static boolean destination_empty(j_compress_ptr info) {
  efi_buffer *buffer = ((destination *)info->dest)->buffer;
  buffer->count = buffer->capacity;
  destination_offer(info);
  return TRUE;
}

static void destination_term(j_compress_ptr info) {
  destination *target = (destination *)info->dest;
  target->buffer->count = target->buffer->capacity - target->manager.free_in_buffer;
}

static void destination_init(destination *target, j_compress_ptr info, efi_buffer *buffer) {
  buffer->count = 0;
  *target = (destination){
      .manager = {.init_destination = destination_offer,
                  .empty_output_buffer = destination_empty,
                  .term_destination = destination_term},
      .buffer = buffer,
  };
  info->dest = &target->manager;
}

// MARK: Reading

typedef struct {
  struct jpeg_decompress_struct info;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  error_state errors;
} reader;

static void reader_watch(j_common_ptr common) {
  if (common->is_decompressor && ((j_decompress_ptr)common)->input_scan_number > MAX_SCANS) {
    error_state *state = (error_state *)common->err;
    efi_leave(state->wall, EFI_UNSUPPORTED, "more than 500 scans");
  }
}

static void reader_open(reader *reader, efi_wall *wall, const uint8_t *bytes, size_t count) {
  error_state_init(&reader->errors, wall);
  reader->info.err = &reader->errors.manager;
  jpeg_create_decompress(&reader->info);
  reader->progress.progress_monitor = reader_watch;
  reader->info.progress = &reader->progress;
  source_init(&reader->source, &reader->info, bytes, count);
  jpeg_read_header(&reader->info, TRUE);
  if (reader->info.data_precision != 8) {
    ERREXIT1(&reader->info, JERR_BAD_PRECISION, reader->info.data_precision);
  }
}

/// Refuses a file whose data stopped between scans (the picture would be blurred or lack colour) or in
/// arithmetic coding, of which libjpeg reads any lack as zeros.
static void reader_check_complete(reader *reader) {
  j_decompress_ptr info = &reader->info;
  if (!reader->errors.input_ended) return;
  if (info->arith_code) efi_leave(reader->errors.wall, EFI_TRUNCATED, "the coded data ends early");
  if (!jpeg_has_multiple_scans(info)) return;
  bool complete = info->progressive_mode && info->coef_bits;
  for (int c = 0; complete && c < info->num_components; c++) {
    for (int k = 0; k < DCTSIZE2; k++) complete = complete && info->coef_bits[c][k] == 0;
  }
  if (!complete) efi_leave(reader->errors.wall, EFI_TRUNCATED, "scans are missing");
}

/// Refuses quantization tables that hold a zero: libjpeg's writer divides by them.
static void reader_check_tables(reader *reader) {
  for (int c = 0; c < reader->info.num_components; c++) {
    const JQUANT_TBL *table = reader->info.comp_info[c].quant_table;
    for (int k = 0; table && k < DCTSIZE2; k++) {
      if (table->quantval[k] == 0) {
        efi_leave(reader->errors.wall, EFI_CORRUPT, "a quantization table holds a zero");
      }
    }
  }
}

static bool is_cmyk(const struct jpeg_decompress_struct *info) {
  return info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
}

static void rgb_from_cmyk(const uint8_t *cmyk, uint8_t *rgb, size_t count, bool inverted) {
  unsigned flip = inverted ? 0 : 255;
  for (size_t i = 0; i < count; i++) {
    unsigned black = cmyk[4 * i + 3] ^ flip;
    for (int c = 0; c < 3; c++) {
      unsigned product = (cmyk[4 * i + c] ^ flip) * black + 128;
      rgb[3 * i + c] = (uint8_t)((product + (product >> 8)) >> 8);
    }
  }
}

/// Sets the colours to decode to (RGB, or CMYK where the file is) and starts.
static void reader_start(reader *reader) {
  j_decompress_ptr info = &reader->info;
  info->out_color_space = is_cmyk(info) ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(info);
}

typedef struct {
  efi_wall wall;
  const uint8_t *bytes;
  size_t count;
  reader reader;
  efi_jpeg_info *info;
  uint8_t *pixels;
} read_job;

static void read_info_body(void *opaque) {
  read_job *job = opaque;
  reader_open(&job->reader, &job->wall, job->bytes, job->count);
  const struct jpeg_decompress_struct *from = &job->reader.info;
  efi_jpeg_color color = EFI_JPEG_OTHER;
  switch (from->jpeg_color_space) {
    case JCS_GRAYSCALE: color = EFI_JPEG_GREY; break;
    case JCS_RGB: color = EFI_JPEG_RGB; break;
    case JCS_YCbCr: color = EFI_JPEG_YCBCR; break;
    case JCS_CMYK: color = EFI_JPEG_CMYK; break;
    case JCS_YCCK: color = EFI_JPEG_YCCK; break;
    default: break;
  }
  *job->info = (efi_jpeg_info){
      .width = (int)from->image_width,
      .height = (int)from->image_height,
      .components = from->num_components,
      .color = color,
      .progressive = from->progressive_mode,
      .arithmetic = from->arith_code,
      .inverted = from->saw_Adobe_marker,
  };
  for (int c = 0; c < from->num_components && c < 4; c++) {
    job->info->horizontal[c] = from->comp_info[c].h_samp_factor;
    job->info->vertical[c] = from->comp_info[c].v_samp_factor;
  }
}

efi_code efi_jpeg_read_info(const uint8_t *bytes, size_t count, efi_jpeg_info *info,
                            efi_failure *failure) {
  read_job job = {.wall.failure = failure, .bytes = bytes, .count = count, .info = info};
  efi_code code = efi_guard(&job.wall, read_info_body, &job);
  jpeg_destroy_decompress(&job.reader.info);
  return code;
}

static void decode_body(void *opaque) {
  read_job *job = opaque;
  reader_open(&job->reader, &job->wall, job->bytes, job->count);
  reader_start(&job->reader);
  j_decompress_ptr info = &job->reader.info;
  size_t width = info->output_width, stride = width * 3;
  bool cmyk = is_cmyk(info);
  JSAMPARRAY scratch = NULL;
  if (cmyk) {
    scratch = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, info->output_width * 4, 1);
  }
  while (info->output_scanline < info->output_height) {
    uint8_t *first = job->pixels + info->output_scanline * stride;
    if (cmyk) {
      jpeg_read_scanlines(info, scratch, 1);
      rgb_from_cmyk(scratch[0], first, width, info->saw_Adobe_marker);
    } else {
      JSAMPROW rows[16];
      JDIMENSION left = info->output_height - info->output_scanline;
      JDIMENSION ask = left < 16 ? left : 16;
      for (JDIMENSION i = 0; i < ask; i++) rows[i] = first + i * stride;
      jpeg_read_scanlines(info, rows, ask);
    }
  }
  reader_check_complete(&job->reader);
  reader_check_tables(&job->reader);
  jpeg_finish_decompress(info);
}

efi_code efi_jpeg_decode_rgb(const uint8_t *bytes, size_t count, uint8_t *pixels,
                             efi_failure *failure) {
  read_job job = {.wall.failure = failure, .bytes = bytes, .count = count, .pixels = pixels};
  efi_code code = efi_guard(&job.wall, decode_body, &job);
  jpeg_destroy_decompress(&job.reader.info);
  return code;
}

// MARK: Writing

typedef struct {
  struct jpeg_compress_struct info;
  destination target;
  error_state errors;
} writer;

static void writer_open(writer *writer, efi_wall *wall, efi_buffer *buffer) {
  error_state_init(&writer->errors, wall);
  writer->info.err = &writer->errors.manager;
  jpeg_create_compress(&writer->info);
  destination_init(&writer->target, &writer->info, buffer);
}

typedef struct {
  efi_wall wall;
  const uint8_t *pixels;
  int width, height, channels, quality;
  bool full_chroma;
  efi_buffer *output;
  writer writer;
} new_job;

static void encode_new_body(void *opaque) {
  new_job *job = opaque;
  writer_open(&job->writer, &job->wall, job->output);
  j_compress_ptr info = &job->writer.info;
  info->image_width = (JDIMENSION)job->width;
  info->image_height = (JDIMENSION)job->height;
  info->input_components = job->channels;
  info->in_color_space = job->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, job->quality, TRUE);
  if (job->full_chroma) info->comp_info[0].h_samp_factor = info->comp_info[0].v_samp_factor = 1;
  info->optimize_coding = TRUE;
  jpeg_start_compress(info, TRUE);
  size_t stride = (size_t)job->width * (size_t)job->channels;
  while (info->next_scanline < info->image_height) {
    JSAMPROW row = (JSAMPROW)(job->pixels + info->next_scanline * stride);
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
}

efi_code efi_jpeg_encode_new(const uint8_t *pixels, int width, int height, int channels,
                             int quality, bool full_chroma, efi_buffer *output,
                             efi_failure *failure) {
  new_job job = {.wall.failure = failure, .pixels = pixels, .width = width, .height = height,
                 .channels = channels, .quality = quality, .full_chroma = full_chroma,
                 .output = output};
  efi_code code = efi_guard(&job.wall, encode_new_body, &job);
  jpeg_destroy_compress(&job.writer.info);
  if (code != EFI_OK) efi_buffer_free(output);
  return code;
}

// MARK: Writing the source as one scan

typedef struct {
  efi_wall wall;
  const uint8_t *bytes;
  size_t count;
  efi_buffer *output;
  reader reader;
  writer writer;
} sequential_job;

/// Whether the standard Huffman tables have a code for every coefficient: they have for all that comes
/// from 8-bit samples, but a damaged file can hold more, and libjpeg-turbo does not look.
static bool standard_tables_hold(j_decompress_ptr info, jvirt_barray_ptr *coefficients) {
  for (int c = 0; c < info->num_components; c++) {
    const jpeg_component_info *component = &info->comp_info[c];
    for (JDIMENSION r = 0; r < component->height_in_blocks; r++) {
      const JBLOCKROW row = info->mem->access_virt_barray((j_common_ptr)info, coefficients[c], r, 1,
                                                          FALSE)[0];
      unsigned outside = 0;
      for (JDIMENSION x = 0; x < component->width_in_blocks; x++) {
        // Mean values of -1024 to 1023, all others of -1023 to 1023: ITU-T T.81, tables F.1 and F.2.
        outside |= (uint16_t)(row[x][0] + 1024) > 2047;
        for (int k = 1; k < DCTSIZE2; k++) outside |= (uint16_t)(row[x][k] + 1023) > 2046;
      }
      if (outside) return false;
    }
  }
  return true;
}

static void sequential_body(void *opaque) {
  sequential_job *job = opaque;
  reader_open(&job->reader, &job->wall, job->bytes, job->count);
  j_decompress_ptr source = &job->reader.info;
  jvirt_barray_ptr *coefficients = jpeg_read_coefficients(source);
  reader_check_complete(&job->reader);
  reader_check_tables(&job->reader);
  // Where scans are missing, libjpeg smooths what it decodes; it would not do so in the copy.
  for (int c = 0; source->progressive_mode && c < source->num_components; c++) {
    for (int k = 0; k < DCTSIZE2; k++) {
      if (source->coef_bits[c][k] != 0) efi_leave(&job->wall, EFI_UNSUPPORTED, "scans are missing");
    }
  }
  if (!standard_tables_hold(source, coefficients)) {
    efi_leave(&job->wall, EFI_UNSUPPORTED, "coefficients are out of range");
  }
  writer_open(&job->writer, &job->wall, job->output);
  j_compress_ptr into = &job->writer.info;
  jpeg_copy_critical_parameters(source, into);
  // The marker tells whether CMYK is inverted.
  if (is_cmyk(source)) into->write_Adobe_marker = source->saw_Adobe_marker;
  if (!efi_buffer_reserve(job->output, job->count + job->count / 4)) {
    efi_leave(&job->wall, EFI_NO_MEMORY, NULL);
  }
  jpeg_write_coefficients(into, coefficients);
  jpeg_finish_compress(into);
}

efi_code efi_jpeg_sequential(const uint8_t *bytes, size_t count, efi_buffer *output,
                             efi_failure *failure) {
  sequential_job job = {.wall.failure = failure, .bytes = bytes, .count = count,
                        .output = output};
  efi_code code = efi_guard(&job.wall, sequential_body, &job);
  jpeg_destroy_decompress(&job.reader.info);
  jpeg_destroy_compress(&job.writer.info);
  if (code != EFI_OK) efi_buffer_free(output);
  return code;
}

// MARK: Writing over a source

typedef struct {
  efi_wall wall;
  const uint8_t *bytes;
  size_t count;
  const uint8_t *pixels;
  size_t first_row;  // of the photo that `pixels` holds
  const uint8_t *mask;
  const efi_jpeg_plan *plan;
  int quality;
  bool progression;
  int restart_interval;
  efi_buffer *output;
  efi_jpeg_outcome outcome;

  reader source;          // the file's coefficients
  reader inks;            // the file's CMYK samples, where it has them
  writer writer;          // the result
  writer strip_writer;    // some rows of MCUs, coded anew ...
  reader strip_reader;    // ... and read back as coefficients
  efi_buffer strip;
  uint8_t *row;           // one row of CMYK samples
  uint8_t black[256];     // how much black the photo has, by the lightest of red, green, blue
  bool has_category[NUM_HUFF_TBLS][256];  // which DC symbols the source's tables can code
  bool has_symbol[NUM_HUFF_TBLS][256];    // which AC symbols
  bool tables_hold;
} over_job;

static bool any_set(const uint8_t *bytes, size_t count) {
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    if (word) return true;
  }
  for (; count > 0; bytes++, count--) {
    if (*bytes) return true;
  }
  return false;
}

/// Whether a picture's mask is set anywhere in a box, the part outside the picture left out.
static bool mask_touches(const uint8_t *mask, const struct jpeg_decompress_struct *picture, size_t x,
                         size_t y, size_t width, size_t height) {
  size_t full_width = picture->image_width, full_height = picture->image_height;
  if (x >= full_width || y >= full_height) return false;
  if (width > full_width - x) width = full_width - x;
  if (height > full_height - y) height = full_height - y;
  for (size_t r = 0; r < height; r++) {
    if (any_set(mask + (y + r) * full_width + x, width)) return true;
  }
  return false;
}

static bool touched(const over_job *job, size_t x, size_t y, size_t width, size_t height) {
  return mask_touches(job->mask, &job->source.info, x, y, width, height);
}

/// Learns from the pixels outside the mask how the photo's separation generates black.
///
/// A fill has only RGB. Taking the black that lay under the removed object would keep its shape in
/// that one plane; taking as much as the rest of the photo has at the same lightness does not.
static void learn_black(over_job *job) {
  reader *inks = &job->inks;
  reader_open(inks, &job->wall, job->bytes, job->count);
  reader_start(inks);
  j_decompress_ptr info = &inks->info;
  unsigned flip = info->saw_Adobe_marker ? 0 : 255;
  uint64_t sum[256] = {0}, number[256] = {0};
  while (info->output_scanline < info->output_height) {
    size_t start = (size_t)info->output_scanline * info->output_width;
    JSAMPROW row = job->row;
    jpeg_read_scanlines(info, &row, 1);
    for (size_t x = 0; x < info->output_width; x++) {
      if (job->mask[start + x]) continue;
      const uint8_t *rgb = job->pixels + 3 * (start + x);
      uint8_t lightest = rgb[0] > rgb[1] ? rgb[0] : rgb[1];
      if (rgb[2] > lightest) lightest = rgb[2];
      sum[lightest] += row[4 * x + 3] ^ flip;
      number[lightest]++;
    }
  }
  jpeg_finish_decompress(info);
  jpeg_destroy_decompress(info);
  // A lightness that the photo lacks takes the black of the next one that it has, 255 (no black)
  // past the last.
  unsigned next = 255;
  for (int v = 255; v >= 0; v--) {
    if (number[v]) next = (unsigned)((sum[v] + number[v] / 2) / number[v]);
    job->black[v] = (uint8_t)(next < (unsigned)v ? (unsigned)v : next);
  }
}

/// Writes a row's fill into its CMYK samples: black as the photo has it, the inks to match.
static void fill_inks(const over_job *job, uint8_t *cmyk, const uint8_t *rgb, const uint8_t *mask,
                      size_t count) {
  unsigned flip = job->source.info.saw_Adobe_marker ? 0 : 255;
  for (size_t x = 0; x < count; x++) {
    if (!mask[x]) continue;
    const uint8_t *pixel = rgb + 3 * x;
    uint8_t lightest = pixel[0] > pixel[1] ? pixel[0] : pixel[1];
    if (pixel[2] > lightest) lightest = pixel[2];
    unsigned black = job->black[lightest];
    for (int c = 0; c < 3; c++) {
      unsigned ink = black ? (pixel[c] * 255u + black / 2) / black : 255;
      cmyk[4 * x + c] = (uint8_t)((ink > 255 ? 255 : ink) ^ flip);
    }
    cmyk[4 * x + 3] = (uint8_t)(black ^ flip);
  }
}

static void prepare_inks(over_job *job) {
  if (!is_cmyk(&job->source.info)) return;
  job->row = malloc((size_t)job->source.info.image_width * 4);
  if (!job->row) efi_leave(&job->wall, EFI_NO_MEMORY, NULL);
  learn_black(job);
  reader_open(&job->inks, &job->wall, job->bytes, job->count);
  reader_start(&job->inks);
}

/// The next row of CMYK samples of the source, with the fill where the mask is set.
static const uint8_t *next_ink_row(over_job *job) {
  j_decompress_ptr info = &job->inks.info;
  size_t y = info->output_scanline, width = info->output_width;
  JSAMPROW row = job->row;
  jpeg_read_scanlines(info, &row, 1);
  fill_inks(job, row, job->pixels + y * width * 3, job->mask + y * width, width);
  return row;
}

/// Feeds rows `y` to `y + height` of the edited picture, from column `x` on.
static void write_rows(over_job *job, j_compress_ptr into, size_t x, size_t y, size_t height) {
  size_t width = job->source.info.image_width;
  bool cmyk = is_cmyk(&job->source.info);
  if (cmyk) {
    while (job->inks.info.output_scanline < y) {
      JSAMPROW row = job->row;
      jpeg_read_scanlines(&job->inks.info, &row, 1);
    }
  }
  for (size_t r = 0; r < height; r++) {
    JSAMPROW row = cmyk ? (JSAMPROW)(next_ink_row(job) + 4 * x)
                        : (JSAMPROW)(job->pixels + ((y + r - job->first_row) * width + x) * 3);
    jpeg_write_scanlines(into, &row, 1);
  }
}

/// Sets the source's tables, sampling and component names, for pixels given as RGB or CMYK.
static void take_parameters(over_job *job, j_compress_ptr into) {
  j_decompress_ptr source = &job->source.info;
  jpeg_copy_critical_parameters(source, into);
  into->in_color_space = is_cmyk(source) ? JCS_CMYK : JCS_RGB;
  into->input_components = is_cmyk(source) ? 4 : 3;
  into->write_JFIF_header = FALSE;
  into->write_Adobe_marker = FALSE;
}

static const uint8_t zigzag[DCTSIZE2] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/// Whether an AC table has a code for everything in a block.
static bool can_code(const bool *has_symbol, const JCOEF *block) {
  int run = 0;
  for (int k = 1; k < DCTSIZE2; k++) {
    int value = block[zigzag[k]];
    if (value == 0) {
      run++;
      continue;
    }
    if (run > 15 && !has_symbol[0xF0]) return false;
    unsigned magnitude = (unsigned)(value < 0 ? -value : value);
    int bits = 32 - __builtin_clz(magnitude);
    if (bits > 15 || !has_symbol[((run & 15) << 4) | bits]) return false;
    run = 0;
  }
  return true;
}

/// Whether the source's DC tables have codes for the steps in MCU rows `first` to `last` (end not
/// included), and for those from the row before and to the row behind.
static bool steps_have_codes(over_job *job, jvirt_barray_ptr *coefficients, size_t first,
                             size_t last) {
  j_decompress_ptr source = &job->source.info;
  size_t interval = (size_t)job->plan->restart_interval;
  bool single = source->num_components == 1;  // then an MCU is one block, whatever the sampling
  for (int c = 0; c < source->num_components; c++) {
    const jpeg_component_info *component = &source->comp_info[c];
    const bool *has_category = job->has_category[component->dc_tbl_no];
    size_t across = single ? 1 : (size_t)component->h_samp_factor;
    size_t down = single ? 1 : (size_t)component->v_samp_factor;
    size_t scale = single ? (size_t)component->v_samp_factor : 1;
    size_t columns = (component->width_in_blocks + across - 1) / across;
    size_t rows = (component->height_in_blocks + down - 1) / down;
    if (!single) {
      size_t mcu_width = (size_t)source->max_h_samp_factor * DCTSIZE;
      columns = (source->image_width + mcu_width - 1) / mcu_width;
    }
    size_t from = first * scale, to = last * scale + 1;
    if (to > rows) to = rows;
    if (from > 0) from--;
    int previous = 0;
    bool known = from == 0;
    for (size_t y = from; y < to; y++) {
      size_t top = y * down;
      size_t height = top + down > component->height_in_blocks
                          ? component->height_in_blocks - top : down;
      JBLOCKARRAY blocks = source->mem->access_virt_barray(
          (j_common_ptr)source, coefficients[c], (JDIMENSION)top, (JDIMENSION)height, FALSE);
      for (size_t x = 0; x < columns; x++) {
        if (interval > 0 && (y * columns + x) % interval == 0) {
          previous = 0;
          known = true;
        }
        for (size_t v = 0; v < height; v++) {
          for (size_t h = 0; h < across; h++) {
            size_t column = x * across + h;
            if (column >= component->width_in_blocks) break;
            int value = blocks[v][column][0];
            int step = known ? value - previous : 0;
            unsigned magnitude = (unsigned)(step < 0 ? -step : step);
            if (!has_category[magnitude ? 32 - __builtin_clz(magnitude) : 0]) return false;
            previous = value;
            known = true;
          }
        }
      }
    }
  }
  return true;
}

/// Codes MCU rows `first` to `last`, columns `left` to `right` (ends not included) anew and takes
/// the blocks that the mask touches.
static void replace_blocks(over_job *job, jvirt_barray_ptr *coefficients, size_t first, size_t last,
                           size_t left, size_t right) {
  j_decompress_ptr source = &job->source.info;
  size_t mcu_width = (size_t)source->max_h_samp_factor * DCTSIZE;
  size_t mcu_height = (size_t)source->max_v_samp_factor * DCTSIZE;
  size_t x = left * mcu_width, y = first * mcu_height;
  size_t width = right * mcu_width, height = last * mcu_height;
  width = (width < source->image_width ? width : source->image_width) - x;
  height = (height < source->image_height ? height : source->image_height) - y;

  writer_open(&job->strip_writer, &job->wall, &job->strip);
  j_compress_ptr into = &job->strip_writer.info;
  take_parameters(job, into);
  into->image_width = (JDIMENSION)width;
  into->image_height = (JDIMENSION)height;
  jpeg_start_compress(into, TRUE);
  write_rows(job, into, x, y, height);
  jpeg_finish_compress(into);
  jpeg_destroy_compress(into);

  reader_open(&job->strip_reader, &job->wall, job->strip.bytes, job->strip.count);
  j_decompress_ptr back = &job->strip_reader.info;
  jvirt_barray_ptr *fresh = jpeg_read_coefficients(back);
  for (int c = 0; c < source->num_components; c++) {
    const jpeg_component_info *to = &source->comp_info[c], *from = &back->comp_info[c];
    size_t block_width = mcu_width / (size_t)to->h_samp_factor;
    size_t block_height = mcu_height / (size_t)to->v_samp_factor;
    size_t block_row = first * (size_t)to->v_samp_factor;
    size_t block_column = left * (size_t)to->h_samp_factor;
    for (size_t r = 0; r < from->height_in_blocks; r++) {
      if (block_row + r >= to->height_in_blocks) break;
      JBLOCKROW new_row = back->mem->access_virt_barray((j_common_ptr)back, fresh[c],
                                                        (JDIMENSION)r, 1, FALSE)[0];
      JBLOCKROW old_row = source->mem->access_virt_barray(
          (j_common_ptr)source, coefficients[c], (JDIMENSION)(block_row + r), 1, TRUE)[0];
      for (size_t b = 0; b < from->width_in_blocks; b++) {
        size_t column = block_column + b;
        if (column >= to->width_in_blocks) break;
        if (!touched(job, column * block_width, (block_row + r) * block_height, block_width,
                     block_height)) {
          continue;
        }
        memcpy(old_row[column], new_row[b], sizeof(JBLOCK));
        job->outcome.replaced++;
        if (job->tables_hold) {
          job->tables_hold = can_code(job->has_symbol[to->ac_tbl_no], old_row[column]);
        }
      }
    }
  }
  jpeg_destroy_decompress(back);
  if (job->tables_hold) {
    job->tables_hold = steps_have_codes(job, coefficients, first, last);
  }
}

/// Notes what the source's Huffman tables can code; false where they cannot serve at all.
///
/// libjpeg-turbo does not notice a missing code while it writes: this must be known before.
static bool read_tables(over_job *job) {
  j_decompress_ptr source = &job->source.info;
  for (int c = 0; c < source->num_components; c++) {
    int dc = source->comp_info[c].dc_tbl_no, ac = source->comp_info[c].ac_tbl_no;
    if (dc < 0 || dc >= NUM_HUFF_TBLS || ac < 0 || ac >= NUM_HUFF_TBLS) return false;
    const JHUFF_TBL *dc_table = source->dc_huff_tbl_ptrs[dc];
    const JHUFF_TBL *ac_table = source->ac_huff_tbl_ptrs[ac];
    if (!dc_table || !ac_table) return false;
    int dc_count = 0, ac_count = 0;
    for (int length = 1; length <= 16; length++) {
      dc_count += dc_table->bits[length];
      ac_count += ac_table->bits[length];
    }
    // Longer values than 8-bit pictures have come from damage, and would be written without a check.
    for (int i = 0; i < dc_count && i < 256; i++) {
      if (dc_table->huffval[i] > 11) return false;
      job->has_category[dc][dc_table->huffval[i]] = true;
    }
    for (int i = 0; i < ac_count && i < 256; i++) {
      if ((ac_table->huffval[i] & 15) > 10) return false;
      job->has_symbol[ac][ac_table->huffval[i]] = true;
    }
    // Blocks that fill up the last MCUs have no step and no AC coefficients.
    if (!job->has_category[dc][0] || !job->has_symbol[ac][0]) return false;
  }
  return true;
}

static void copy_table(j_compress_ptr into, JHUFF_TBL **slot, const JHUFF_TBL *table) {
  if (!table) return;
  if (!*slot) *slot = jpeg_alloc_huff_table((j_common_ptr)into);
  memcpy((*slot)->bits, table->bits, sizeof table->bits);
  memcpy((*slot)->huffval, table->huffval, sizeof table->huffval);
  (*slot)->sent_table = FALSE;
}

static void set_scans(over_job *job, j_compress_ptr into) {
  const efi_jpeg_plan *plan = job->plan;
  if (plan->progression) {
    jpeg_simple_progression(into);
  } else if (plan->scans) {
    size_t size = sizeof(jpeg_scan_info) * (size_t)plan->scan_count;
    jpeg_scan_info *scans = into->mem->alloc_small((j_common_ptr)into, JPOOL_IMAGE, size);
    for (int s = 0; s < plan->scan_count; s++) {
      const efi_jpeg_scan *from = &plan->scans[s];
      scans[s] = (jpeg_scan_info){.comps_in_scan = from->count, .Ss = from->first,
                                  .Se = from->last, .Ah = from->high, .Al = from->low};
      memcpy(scans[s].component_index, from->components, sizeof scans[s].component_index);
    }
    into->scan_info = scans;
    into->num_scans = plan->scan_count;
  }
}

static void encode_over_body(void *opaque) {
  over_job *job = opaque;
  reader_open(&job->source, &job->wall, job->bytes, job->count);
  j_decompress_ptr source = &job->source.info;
  jvirt_barray_ptr *coefficients = jpeg_read_coefficients(source);
  reader_check_complete(&job->source);
  reader_check_tables(&job->source);
  prepare_inks(job);
  job->tables_hold = job->plan->may_reuse_tables && read_tables(job);

  for (int c = 0; c < source->num_components; c++) {
    job->outcome.blocks += (int64_t)source->comp_info[c].width_in_blocks
                           * source->comp_info[c].height_in_blocks;
  }
  size_t mcu_width = (size_t)source->max_h_samp_factor * DCTSIZE;
  size_t mcu_height = (size_t)source->max_v_samp_factor * DCTSIZE;
  size_t columns = (source->image_width + mcu_width - 1) / mcu_width;
  size_t rows = (source->image_height + mcu_height - 1) / mcu_height;
  for (size_t row = 0; row < rows;) {
    size_t first = row, left = columns, right = 0;
    for (; row < rows && row - first < STRIP_ROWS; row++) {
      if (!touched(job, 0, row * mcu_height, source->image_width, mcu_height)) break;
      size_t l = 0, r = columns;
      while (!touched(job, l * mcu_width, row * mcu_height, mcu_width, mcu_height)) l++;
      while (!touched(job, (r - 1) * mcu_width, row * mcu_height, mcu_width, mcu_height)) r--;
      if (l < left) left = l;
      if (r > right) right = r;
    }
    if (row > first) {
      replace_blocks(job, coefficients, first, row, left, right);
    } else {
      row++;
    }
  }

  writer_open(&job->writer, &job->wall, job->output);
  j_compress_ptr into = &job->writer.info;
  jpeg_copy_critical_parameters(source, into);
  into->write_JFIF_header = FALSE;
  into->write_Adobe_marker = FALSE;
  into->arith_code = job->plan->arithmetic;
  into->restart_interval = (unsigned)job->plan->restart_interval;
  into->restart_in_rows = job->plan->restart_rows;
  set_scans(job, into);
  job->outcome.reused_tables = job->tables_hold;
  into->optimize_coding = !job->tables_hold && !job->plan->arithmetic;
  if (job->tables_hold) {
    for (int i = 0; i < NUM_HUFF_TBLS; i++) {
      copy_table(into, &into->dc_huff_tbl_ptrs[i], source->dc_huff_tbl_ptrs[i]);
      copy_table(into, &into->ac_huff_tbl_ptrs[i], source->ac_huff_tbl_ptrs[i]);
    }
    for (int c = 0; c < source->num_components; c++) {
      into->comp_info[c].dc_tbl_no = source->comp_info[c].dc_tbl_no;
      into->comp_info[c].ac_tbl_no = source->comp_info[c].ac_tbl_no;
    }
  }
  // The source's size is a good guess, and spares the growing.
  if (!efi_buffer_reserve(job->output, job->count + job->count / 8)) {
    efi_leave(&job->wall, EFI_NO_MEMORY, NULL);
  }
  jpeg_write_coefficients(into, coefficients);
  jpeg_finish_compress(into);
}

static void encode_again_body(void *opaque) {
  over_job *job = opaque;
  reader_open(&job->source, &job->wall, job->bytes, job->count);
  j_decompress_ptr source = &job->source.info;
  prepare_inks(job);
  writer_open(&job->writer, &job->wall, job->output);
  j_compress_ptr into = &job->writer.info;
  // libjpeg takes the quantization tables over only where it finds some.
  take_parameters(job, into);
  jpeg_set_quality(into, job->quality, TRUE);
  bool chroma = source->jpeg_color_space == JCS_YCbCr || source->jpeg_color_space == JCS_YCCK;
  for (int c = 0; c < into->num_components; c++) {
    into->comp_info[c].quant_tbl_no = chroma && (c == 1 || c == 2) ? 1 : 0;
  }
  into->optimize_coding = TRUE;
  into->restart_interval = (unsigned)job->restart_interval;
  if (job->progression) jpeg_simple_progression(into);
  jpeg_start_compress(into, TRUE);
  write_rows(job, into, 0, 0, source->image_height);
  jpeg_finish_compress(into);
}

static efi_code run_over(over_job *job, void (*body)(void *)) {
  efi_code code = efi_guard(&job->wall, body, job);
  jpeg_destroy_decompress(&job->source.info);
  jpeg_destroy_decompress(&job->inks.info);
  jpeg_destroy_decompress(&job->strip_reader.info);
  jpeg_destroy_compress(&job->strip_writer.info);
  jpeg_destroy_compress(&job->writer.info);
  efi_buffer_free(&job->strip);
  free(job->row);
  if (code != EFI_OK) efi_buffer_free(job->output);
  return code;
}

efi_code efi_jpeg_encode_over(const uint8_t *source, size_t count, const uint8_t *pixels,
                              size_t first_row, const uint8_t *mask, const efi_jpeg_plan *plan, efi_buffer *output,
                              efi_jpeg_outcome *outcome, efi_failure *failure) {
  over_job job = {.wall.failure = failure, .bytes = source, .count = count, .pixels = pixels,
                  .first_row = first_row, .mask = mask, .plan = plan, .output = output};
  efi_code code = run_over(&job, encode_over_body);
  *outcome = job.outcome;
  return code;
}

efi_code efi_jpeg_encode_again(const uint8_t *source, size_t count, const uint8_t *pixels,
                               const uint8_t *mask, int quality, bool progression,
                               int restart_interval, efi_buffer *output, efi_failure *failure) {
  over_job job = {.wall.failure = failure, .bytes = source, .count = count, .pixels = pixels,
                  .mask = mask, .quality = quality, .progression = progression,
                  .restart_interval = restart_interval, .output = output};
  return run_over(&job, encode_again_body);
}

// MARK: Comparing

typedef struct {
  efi_wall wall;
  const uint8_t *bytes[2];
  size_t counts[2];
  const uint8_t *mask;
  efi_jpeg_difference *difference;
  reader readers[2];
} compare_job;

static void compare_body(void *opaque) {
  compare_job *job = opaque;
  jvirt_barray_ptr *coefficients[2];
  for (int i = 0; i < 2; i++) {
    reader_open(&job->readers[i], &job->wall, job->bytes[i], job->counts[i]);
    coefficients[i] = jpeg_read_coefficients(&job->readers[i].info);
    reader_check_complete(&job->readers[i]);
  }
  j_decompress_ptr a = &job->readers[0].info, b = &job->readers[1].info;
  bool same = a->image_width == b->image_width && a->image_height == b->image_height
              && a->num_components == b->num_components
              && a->jpeg_color_space == b->jpeg_color_space;
  for (int c = 0; same && c < a->num_components; c++) {
    const jpeg_component_info *one = &a->comp_info[c], *two = &b->comp_info[c];
    same = one->h_samp_factor == two->h_samp_factor && one->v_samp_factor == two->v_samp_factor
           && one->quant_table && two->quant_table
           && !memcmp(one->quant_table->quantval, two->quant_table->quantval,
                      sizeof one->quant_table->quantval);
  }
  job->difference->comparable = same;
  for (int c = 0; same && c < a->num_components; c++) {
    const jpeg_component_info *component = &a->comp_info[c];
    size_t width = (size_t)(a->max_h_samp_factor / component->h_samp_factor) * DCTSIZE;
    size_t height = (size_t)(a->max_v_samp_factor / component->v_samp_factor) * DCTSIZE;
    for (JDIMENSION r = 0; r < component->height_in_blocks; r++) {
      JBLOCKROW one = a->mem->access_virt_barray((j_common_ptr)a, coefficients[0][c], r, 1,
                                                 FALSE)[0];
      JBLOCKROW two = b->mem->access_virt_barray((j_common_ptr)b, coefficients[1][c], r, 1,
                                                 FALSE)[0];
      for (JDIMENSION x = 0; x < component->width_in_blocks; x++) {
        job->difference->blocks++;
        if (!memcmp(one[x], two[x], sizeof(JBLOCK))) continue;
        job->difference->differing++;
        for (int k = 0; k < DCTSIZE2; k++) job->difference->coefficients += one[x][k] != two[x][k];
        if (!mask_touches(job->mask, a, x * width, r * height, width, height)) {
          job->difference->outside++;
        }
      }
    }
  }
}

efi_code efi_jpeg_compare(const uint8_t *first, size_t first_count, const uint8_t *second,
                          size_t second_count, const uint8_t *mask,
                          efi_jpeg_difference *difference, efi_failure *failure) {
  compare_job job = {.wall.failure = failure, .bytes = {first, second},
                     .counts = {first_count, second_count}, .mask = mask,
                     .difference = difference};
  *difference = (efi_jpeg_difference){0};
  efi_code code = efi_guard(&job.wall, compare_body, &job);
  jpeg_destroy_decompress(&job.readers[0].info);
  jpeg_destroy_decompress(&job.readers[1].info);
  return code;
}
