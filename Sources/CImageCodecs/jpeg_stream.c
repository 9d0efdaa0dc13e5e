#include "jpeg_stream.h"

#include <jerror.h>

// No camera or program writes more scans; a file that does makes a decoder work for hours.
enum { MAX_SCANS = 500 };

// A scan takes its time for every block, though a few bytes can say of thousands that nothing changes. In all
// scans behind the first, photos have a few blocks for a byte, and even a white picture has some twenty.
enum { FREE_BLOCKS = 1 << 23, BLOCKS_A_BYTE = 64 };

// MARK: Errors

static efi_code code_of_message(int message, bool is_reader) {
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
    // Tables that a reader gets by with, the writer may refuse.
    case JERR_BAD_HUFF_TABLE:
    case JERR_HUFF_MISSING_CODE:
    case JERR_NO_HUFF_TABLE:
      return is_reader ? EFI_CORRUPT : EFI_BAD_SCRIPT;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
    case JWRN_HIT_MARKER:
      return EFI_TRUNCATED;
    default:
      return EFI_CORRUPT;
  }
}

static void error_exit(j_common_ptr common) {
  efi_jpeg_error_state *state = (efi_jpeg_error_state *)common->err;
  char text[JMSG_LENGTH_MAX];
  state->manager.format_message(common, text);
  efi_code code = code_of_message(state->manager.msg_code, common->is_decompressor);
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

static void error_state_init(efi_jpeg_error_state *state, efi_wall *wall) {
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
  ((efi_jpeg_error_state *)info->err)->input_ended = true;
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

static void destination_offer(j_compress_ptr info) {
  efi_jpeg_destination *target = (efi_jpeg_destination *)info->dest;
  efi_buffer *buffer = target->buffer;
  if (!efi_buffer_reserve(buffer, 1 << 16)) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
  target->manager.next_output_byte = buffer->bytes + buffer->count;
  target->manager.free_in_buffer = buffer->capacity - buffer->count;
}

static boolean destination_empty(j_compress_ptr info) {
  efi_buffer *buffer = ((efi_jpeg_destination *)info->dest)->buffer;
  buffer->count = buffer->capacity;
  destination_offer(info);
  return TRUE;
}

static void destination_term(j_compress_ptr info) {
  efi_jpeg_destination *target = (efi_jpeg_destination *)info->dest;
  target->buffer->count = target->buffer->capacity - target->manager.free_in_buffer;
}

static void destination_init(efi_jpeg_destination *target, j_compress_ptr info,
                             efi_buffer *buffer) {
  buffer->count = 0;
  *target = (efi_jpeg_destination){
      .manager = {.init_destination = destination_offer,
                  .empty_output_buffer = destination_empty,
                  .term_destination = destination_term},
      .buffer = buffer,
  };
  info->dest = &target->manager;
}

// MARK: Reading

static void reader_watch(j_common_ptr common) {
  if (!common->is_decompressor) return;
  efi_jpeg_reader *reader = (efi_jpeg_reader *)common;
  const struct jpeg_decompress_struct *info = &reader->info;
  if (info->input_scan_number == reader->scan) return;
  reader->scan = info->input_scan_number;
  // The picture's size bounds the first one.
  if (reader->scan > 1) {
    reader->blocks += (uint64_t)info->MCUs_per_row * info->MCU_rows_in_scan *
                      (uint64_t)info->blocks_in_MCU;
  }
  if (reader->scan > MAX_SCANS) {
    efi_leave(reader->errors.wall, EFI_UNSUPPORTED, "more than 500 scans");
  }
  if (reader->blocks > reader->max_blocks) {
    efi_leave(reader->errors.wall, EFI_UNSUPPORTED, "too many scans for so little data");
  }
}

void efi_jpeg_reader_open(efi_jpeg_reader *reader, efi_wall *wall, const uint8_t *bytes,
                          size_t count) {
  error_state_init(&reader->errors, wall);
  reader->info.err = &reader->errors.manager;
  jpeg_create_decompress(&reader->info);
  reader->progress.progress_monitor = reader_watch;
  reader->info.progress = &reader->progress;
  reader->scan = 0;
  reader->blocks = 0;
  reader->max_blocks = FREE_BLOCKS + (uint64_t)BLOCKS_A_BYTE * count;
  source_init(&reader->source, &reader->info, bytes, count);
  jpeg_read_header(&reader->info, TRUE);
  if (reader->info.data_precision != 8) {
    ERREXIT1(&reader->info, JERR_BAD_PRECISION, reader->info.data_precision);
  }
}

void efi_jpeg_reader_check_complete(efi_jpeg_reader *reader) {
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

void efi_jpeg_reader_check_tables(efi_jpeg_reader *reader) {
  for (int c = 0; c < reader->info.num_components; c++) {
    const JQUANT_TBL *table = reader->info.comp_info[c].quant_table;
    for (int k = 0; table && k < DCTSIZE2; k++) {
      if (table->quantval[k] == 0) {
        efi_leave(reader->errors.wall, EFI_CORRUPT, "a quantization table holds a zero");
      }
    }
  }
}

bool efi_jpeg_is_cmyk(const struct jpeg_decompress_struct *info) {
  return info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
}

void efi_jpeg_reader_start(efi_jpeg_reader *reader) {
  j_decompress_ptr info = &reader->info;
  info->out_color_space = efi_jpeg_is_cmyk(info) ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(info);
}

// MARK: Writing

void efi_jpeg_writer_open(efi_jpeg_writer *writer, efi_wall *wall, efi_buffer *buffer) {
  error_state_init(&writer->errors, wall);
  writer->info.err = &writer->errors.manager;
  jpeg_create_compress(&writer->info);
  destination_init(&writer->target, &writer->info, buffer);
}
