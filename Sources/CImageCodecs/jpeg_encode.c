#include "jpeg_stream.h"

typedef struct {
  efi_wall wall;
  const uint8_t *pixels;
  int width, height, channels, quality;
  bool full_chroma;
  efi_buffer *output;
  efi_jpeg_writer writer;
} new_job;

static void encode_new_body(void *opaque) {
  new_job *job = opaque;
  efi_jpeg_writer_open(&job->writer, &job->wall, job->output);
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
