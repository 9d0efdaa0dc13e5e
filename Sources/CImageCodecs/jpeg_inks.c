#include "jpeg_edit.h"

#include <stdlib.h>

/// Learns from the pixels outside the mask how the photo's separation generates black.
///
/// A fill has only RGB. Taking the black that lay under the removed object would keep its shape in
/// that one plane; taking as much as the rest of the photo has at the same lightness does not.
static void learn_black(efi_jpeg_edit *job) {
  efi_jpeg_reader *inks = &job->inks;
  efi_jpeg_reader_open(inks, &job->wall, job->bytes, job->count);
  efi_jpeg_reader_start(inks);
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
static void fill_inks(const efi_jpeg_edit *job, uint8_t *cmyk, const uint8_t *rgb,
                      const uint8_t *mask, size_t count) {
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

void efi_jpeg_prepare_inks(efi_jpeg_edit *job) {
  if (!efi_jpeg_is_cmyk(&job->source.info)) return;
  job->row = malloc((size_t)job->source.info.image_width * 4);
  if (!job->row) efi_leave(&job->wall, EFI_NO_MEMORY, NULL);
  learn_black(job);
  efi_jpeg_reader_open(&job->inks, &job->wall, job->bytes, job->count);
  efi_jpeg_reader_start(&job->inks);
}

const uint8_t *efi_jpeg_next_ink_row(efi_jpeg_edit *job) {
  j_decompress_ptr info = &job->inks.info;
  size_t y = info->output_scanline, width = info->output_width;
  JSAMPROW row = job->row;
  jpeg_read_scanlines(info, &row, 1);
  fill_inks(job, row, job->pixels + y * width * 3, job->mask + y * width, width);
  return row;
}
