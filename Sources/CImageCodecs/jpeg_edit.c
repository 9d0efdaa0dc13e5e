// Writing over a source: new blocks where the mask touches them, or the whole picture anew.

#include "jpeg_edit.h"

#include <stdlib.h>
#include <string.h>

#include "jpeg_mask.h"

// Rows of MCUs that are coded anew together.
enum { STRIP_ROWS = 8 };

static bool touched(const efi_jpeg_edit *job, size_t x, size_t y, size_t width, size_t height) {
  return efi_jpeg_mask_touches(job->mask, &job->source.info, x, y, width, height);
}

/// Feeds rows `y` to `y + height` of the edited picture, from column `x` on.
static void write_rows(efi_jpeg_edit *job, j_compress_ptr into, size_t x, size_t y, size_t height) {
  size_t width = job->source.info.image_width;
  bool cmyk = efi_jpeg_is_cmyk(&job->source.info);
  if (cmyk) {
    while (job->inks.info.output_scanline < y) {
      JSAMPROW row = job->row;
      jpeg_read_scanlines(&job->inks.info, &row, 1);
    }
  }
  for (size_t r = 0; r < height; r++) {
    JSAMPROW row = cmyk ? (JSAMPROW)(efi_jpeg_next_ink_row(job) + 4 * x)
                        : (JSAMPROW)(job->pixels + ((y + r - job->first_row) * width + x) * 3);
    jpeg_write_scanlines(into, &row, 1);
  }
}

/// Sets the source's tables, sampling and component names, for pixels given as RGB or CMYK.
static void take_parameters(efi_jpeg_edit *job, j_compress_ptr into) {
  j_decompress_ptr source = &job->source.info;
  jpeg_copy_critical_parameters(source, into);
  into->in_color_space = efi_jpeg_is_cmyk(source) ? JCS_CMYK : JCS_RGB;
  into->input_components = efi_jpeg_is_cmyk(source) ? 4 : 3;
  into->write_JFIF_header = FALSE;
  into->write_Adobe_marker = FALSE;
}

/// Codes MCU rows `first` to `last`, columns `left` to `right` (ends not included) anew and takes
/// the blocks that the mask touches.
static void replace_blocks(efi_jpeg_edit *job, jvirt_barray_ptr *coefficients, size_t first,
                           size_t last, size_t left, size_t right) {
  j_decompress_ptr source = &job->source.info;
  size_t mcu_width = (size_t)source->max_h_samp_factor * DCTSIZE;
  size_t mcu_height = (size_t)source->max_v_samp_factor * DCTSIZE;
  size_t x = left * mcu_width, y = first * mcu_height;
  size_t width = right * mcu_width, height = last * mcu_height;
  width = (width < source->image_width ? width : source->image_width) - x;
  height = (height < source->image_height ? height : source->image_height) - y;

  efi_jpeg_writer_open(&job->strip_writer, &job->wall, &job->strip);
  j_compress_ptr into = &job->strip_writer.info;
  take_parameters(job, into);
  into->image_width = (JDIMENSION)width;
  into->image_height = (JDIMENSION)height;
  jpeg_start_compress(into, TRUE);
  write_rows(job, into, x, y, height);
  jpeg_finish_compress(into);
  jpeg_destroy_compress(into);

  efi_jpeg_reader_open(&job->strip_reader, &job->wall, job->strip.bytes, job->strip.count);
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
          job->tables_hold = efi_jpeg_can_code(job->has_symbol[to->ac_tbl_no], old_row[column]);
        }
      }
    }
  }
  jpeg_destroy_decompress(back);
  if (job->tables_hold) {
    job->tables_hold = efi_jpeg_steps_have_codes(job, coefficients, first, last);
  }
}

static void copy_table(j_compress_ptr into, JHUFF_TBL **slot, const JHUFF_TBL *table) {
  if (!table) return;
  if (!*slot) *slot = jpeg_alloc_huff_table((j_common_ptr)into);
  memcpy((*slot)->bits, table->bits, sizeof table->bits);
  memcpy((*slot)->huffval, table->huffval, sizeof table->huffval);
  (*slot)->sent_table = FALSE;
}

static void set_scans(efi_jpeg_edit *job, j_compress_ptr into) {
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
  efi_jpeg_edit *job = opaque;
  efi_jpeg_reader_open(&job->source, &job->wall, job->bytes, job->count);
  j_decompress_ptr source = &job->source.info;
  jvirt_barray_ptr *coefficients = jpeg_read_coefficients(source);
  efi_jpeg_reader_check_complete(&job->source);
  efi_jpeg_reader_check_tables(&job->source);
  efi_jpeg_prepare_inks(job);
  job->tables_hold = job->plan->may_reuse_tables && efi_jpeg_read_tables(job);

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

  efi_jpeg_writer_open(&job->writer, &job->wall, job->output);
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
  efi_jpeg_edit *job = opaque;
  efi_jpeg_reader_open(&job->source, &job->wall, job->bytes, job->count);
  j_decompress_ptr source = &job->source.info;
  efi_jpeg_prepare_inks(job);
  efi_jpeg_writer_open(&job->writer, &job->wall, job->output);
  j_compress_ptr into = &job->writer.info;
  // libjpeg takes the quantization tables over only where it finds some.
  take_parameters(job, into);
  jpeg_set_quality(into, job->quality, TRUE);
  bool chroma = source->jpeg_color_space == JCS_YCbCr || source->jpeg_color_space == JCS_YCCK;
  for (int c = 0; c < into->num_components; c++) {
    into->comp_info[c].quant_tbl_no = chroma && (c == 1 || c == 2) ? 1 : 0;
  }
  into->arith_code = job->arithmetic;
  into->optimize_coding = !job->arithmetic;
  into->restart_interval = (unsigned)job->restart_interval;
  if (job->progression) jpeg_simple_progression(into);
  jpeg_start_compress(into, TRUE);
  write_rows(job, into, 0, 0, source->image_height);
  jpeg_finish_compress(into);
}

static efi_code run_over(efi_jpeg_edit *job, void (*body)(void *)) {
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
                              size_t first_row, const uint8_t *mask, const efi_jpeg_plan *plan,
                              efi_buffer *output, efi_jpeg_outcome *outcome,
                              efi_failure *failure) {
  efi_jpeg_edit job = {.wall.failure = failure, .bytes = source, .count = count, .pixels = pixels,
                       .first_row = first_row, .mask = mask, .plan = plan, .output = output};
  efi_code code = run_over(&job, encode_over_body);
  *outcome = job.outcome;
  return code;
}

efi_code efi_jpeg_encode_again(const uint8_t *source, size_t count, const uint8_t *pixels,
                               const uint8_t *mask, int quality, bool progression,
                               bool arithmetic, int restart_interval, efi_buffer *output,
                               efi_failure *failure) {
  efi_jpeg_edit job = {.wall.failure = failure, .bytes = source, .count = count, .pixels = pixels,
                       .mask = mask, .quality = quality, .progression = progression,
                       .arithmetic = arithmetic, .restart_interval = restart_interval,
                       .output = output};
  return run_over(&job, encode_again_body);
}
