#include "jpeg_edit.h"

bool efi_jpeg_read_tables(efi_jpeg_edit *job) {
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

static const uint8_t zigzag[DCTSIZE2] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

bool efi_jpeg_can_code(const bool *has_symbol, const JCOEF *block) {
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

bool efi_jpeg_steps_have_codes(efi_jpeg_edit *job, jvirt_barray_ptr *coefficients, size_t first,
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
