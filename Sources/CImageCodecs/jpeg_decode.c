#include "jpeg_stream.h"

typedef struct {
  efi_wall wall;
  const uint8_t *bytes;
  size_t count;
  efi_jpeg_reader reader;
  efi_jpeg_info *info;
  uint8_t *pixels;
} read_job;

static efi_code run_read(read_job *job, void (*body)(void *)) {
  efi_code code = efi_guard(&job->wall, body, job);
  jpeg_destroy_decompress(&job->reader.info);
  return code;
}

static void read_info_body(void *opaque) {
  read_job *job = opaque;
  efi_jpeg_reader_open(&job->reader, &job->wall, job->bytes, job->count);
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
  };
  for (int c = 0; c < from->num_components && c < 4; c++) {
    job->info->horizontal[c] = from->comp_info[c].h_samp_factor;
    job->info->vertical[c] = from->comp_info[c].v_samp_factor;
  }
}

efi_code efi_jpeg_read_info(const uint8_t *bytes, size_t count, efi_jpeg_info *info,
                            efi_failure *failure) {
  read_job job = {.wall.failure = failure, .bytes = bytes, .count = count, .info = info};
  return run_read(&job, read_info_body);
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

static void decode_body(void *opaque) {
  read_job *job = opaque;
  efi_jpeg_reader_open(&job->reader, &job->wall, job->bytes, job->count);
  efi_jpeg_reader_start(&job->reader);
  j_decompress_ptr info = &job->reader.info;
  size_t width = info->output_width, stride = width * 3;
  bool cmyk = efi_jpeg_is_cmyk(info);
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
  efi_jpeg_reader_check_complete(&job->reader);
  efi_jpeg_reader_check_tables(&job->reader);
  jpeg_finish_decompress(info);
}

efi_code efi_jpeg_decode_rgb(const uint8_t *bytes, size_t count, uint8_t *pixels,
                             efi_failure *failure) {
  read_job job = {.wall.failure = failure, .bytes = bytes, .count = count, .pixels = pixels};
  return run_read(&job, decode_body);
}
