// What a JPEG costs without any care: decoded to RGB and encoded anew by the system's libjpeg, with the
// file's own tables, sampling and kind. Prints the milliseconds of both; each run pays for its memory, as
// the program does that it is compared with.
//
//     cc -O2 plain_jpeg.c -ljpeg -o plain_jpeg && ./plain_jpeg photo.jpg

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jpeglib.h>

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
}

int main(int count, char **arguments) {
  FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
  if (!file) {
    fprintf(stderr, "usage: plain_jpeg photo.jpg\n");
    return 64;
  }
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(size);
  if (!bytes || fread(bytes, 1, size, file) != size) return 1;

  struct jpeg_error_mgr errors;
  struct jpeg_decompress_struct from = {.err = jpeg_std_error(&errors)};
  double start = milliseconds();
  jpeg_create_decompress(&from);
  jpeg_mem_src(&from, bytes, size);
  jpeg_read_header(&from, TRUE);
  from.out_color_space = JCS_RGB;
  jpeg_start_decompress(&from);
  size_t stride = (size_t)from.output_width * 3;
  unsigned char *pixels = malloc(stride * from.output_height);
  if (!pixels) return 1;
  while (from.output_scanline < from.output_height) {
    JSAMPROW row = pixels + from.output_scanline * stride;
    jpeg_read_scanlines(&from, &row, 1);
  }
  double decoded = milliseconds();

  struct jpeg_compress_struct into = {.err = &errors};
  unsigned char *output = NULL;
  unsigned long output_size = 0;
  jpeg_create_compress(&into);
  jpeg_mem_dest(&into, &output, &output_size);
  jpeg_copy_critical_parameters(&from, &into);
  into.in_color_space = JCS_RGB;
  into.input_components = 3;
  if (jpeg_has_multiple_scans(&from)) jpeg_simple_progression(&into);
  jpeg_start_compress(&into, TRUE);
  while (into.next_scanline < into.image_height) {
    JSAMPROW row = pixels + into.next_scanline * stride;
    jpeg_write_scanlines(&into, &row, 1);
  }
  jpeg_finish_compress(&into);
  printf("%.1f %.1f\n", decoded - start, milliseconds() - decoded);
}
