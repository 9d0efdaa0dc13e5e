#include "CCoefficients.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static jmp_buf failed;

static void fail(j_common_ptr info) {
  (void)info;
  longjmp(failed, 1);
}

static void ignore(j_common_ptr info) { (void)info; }

bool etc_read(const uint8_t *bytes, size_t count, etc_image *image) {
  static struct jpeg_decompress_struct info;
  static struct jpeg_error_mgr errors;
  memset(image, 0, sizeof *image);
  info.err = jpeg_std_error(&errors);
  errors.error_exit = fail;
  errors.output_message = ignore;
  if (setjmp(failed)) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes, count);
  jpeg_read_header(&info, TRUE);
  jvirt_barray_ptr *arrays = jpeg_read_coefficients(&info);
  image->width = (int)info.image_width;
  image->height = (int)info.image_height;
  image->color_space = info.jpeg_color_space;
  image->component_count = info.num_components;
  image->progressive = info.progressive_mode;
  image->arithmetic = info.arith_code;
  image->restart_interval = (int)info.restart_interval;
  for (int c = 0; c < info.num_components && c < 4; c++) {
    const jpeg_component_info *from = &info.comp_info[c];
    etc_component *to = &image->components[c];
    to->horizontal = from->h_samp_factor;
    to->vertical = from->v_samp_factor;
    to->columns = (int)from->width_in_blocks;
    to->rows = (int)from->height_in_blocks;
    memcpy(to->table, from->quant_table->quantval, sizeof to->table);
    size_t row_size = sizeof(JBLOCK) * from->width_in_blocks;
    to->coefficients = malloc(row_size * from->height_in_blocks);
    for (JDIMENSION r = 0; r < from->height_in_blocks; r++) {
      JBLOCKARRAY row = info.mem->access_virt_barray((j_common_ptr)&info, arrays[c], r, 1, FALSE);
      memcpy((char *)to->coefficients + r * row_size, row[0], row_size);
    }
  }
  jpeg_finish_decompress(&info);
  bool clean = errors.num_warnings == 0;
  jpeg_destroy_decompress(&info);
  return clean;
}

void etc_free(etc_image *image) {
  for (int c = 0; c < 4; c++) free(image->components[c].coefficients);
  memset(image, 0, sizeof *image);
}
