// Writing the source as one scan.

#include "jpeg_stream.h"

typedef struct {
  efi_wall wall;
  const uint8_t *bytes;
  size_t count;
  efi_buffer *output;
  efi_jpeg_reader reader;
  efi_jpeg_writer writer;
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
  efi_jpeg_reader_open(&job->reader, &job->wall, job->bytes, job->count);
  j_decompress_ptr source = &job->reader.info;
  jvirt_barray_ptr *coefficients = jpeg_read_coefficients(source);
  efi_jpeg_reader_check_complete(&job->reader);
  efi_jpeg_reader_check_tables(&job->reader);
  // Where scans are missing, libjpeg smooths what it decodes; it would not do so in the copy.
  for (int c = 0; source->progressive_mode && c < source->num_components; c++) {
    for (int k = 0; k < DCTSIZE2; k++) {
      if (source->coef_bits[c][k] != 0) efi_leave(&job->wall, EFI_UNSUPPORTED, "scans are missing");
    }
  }
  if (!standard_tables_hold(source, coefficients)) {
    efi_leave(&job->wall, EFI_UNSUPPORTED, "coefficients are out of range");
  }
  efi_jpeg_writer_open(&job->writer, &job->wall, job->output);
  j_compress_ptr into = &job->writer.info;
  jpeg_copy_critical_parameters(source, into);
  // The marker tells whether CMYK is inverted.
  if (efi_jpeg_is_cmyk(source)) into->write_Adobe_marker = source->saw_Adobe_marker;
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
