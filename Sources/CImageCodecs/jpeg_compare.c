// Comparing two files by their coefficients.

#include "jpeg_mask.h"

#include <string.h>

typedef struct {
  efi_wall wall;
  const uint8_t *bytes[2];
  size_t counts[2];
  const uint8_t *mask;
  efi_jpeg_difference *difference;
  efi_jpeg_reader readers[2];
} compare_job;

static void compare_body(void *opaque) {
  compare_job *job = opaque;
  jvirt_barray_ptr *coefficients[2];
  for (int i = 0; i < 2; i++) {
    efi_jpeg_reader_open(&job->readers[i], &job->wall, job->bytes[i], job->counts[i]);
    coefficients[i] = jpeg_read_coefficients(&job->readers[i].info);
    efi_jpeg_reader_check_complete(&job->readers[i]);
  }
  j_decompress_ptr a = &job->readers[0].info, b = &job->readers[1].info;
  bool same = a->image_width == b->image_width && a->image_height == b->image_height
              && a->num_components == b->num_components
              && a->jpeg_color_space == b->jpeg_color_space
              // Adobe's marker says that inks are stored inverted.
              && (a->num_components != 4 || a->saw_Adobe_marker == b->saw_Adobe_marker);
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
        if (!efi_jpeg_mask_touches(job->mask, a, x * width, r * height, width, height)) {
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
