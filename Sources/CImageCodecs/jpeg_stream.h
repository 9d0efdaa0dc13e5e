// What every use of libjpeg begins with: its errors, its data in memory, a reader and a writer.

#ifndef EFFACE_IMAGE_CODECS_JPEG_STREAM_H
#define EFFACE_IMAGE_CODECS_JPEG_STREAM_H

#include <stdio.h>

#include <jpeglib.h>

#include "wall.h"

/// Where libjpeg's errors go, and whether the data ended before the picture did.
typedef struct efi_jpeg_error_state {
  struct jpeg_error_mgr manager;  // first: libjpeg hands this back
  efi_wall *wall;
  bool input_ended;
} efi_jpeg_error_state;

/// Writes to a buffer that grows.
typedef struct efi_jpeg_destination {
  struct jpeg_destination_mgr manager;  // first: libjpeg hands this back
  efi_buffer *buffer;
} efi_jpeg_destination;

/// A file that is read. Zeroed until it is opened, it can always go to `jpeg_destroy_decompress`.
typedef struct efi_jpeg_reader {
  struct jpeg_decompress_struct info;  // first: libjpeg hands this to what watches it
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  efi_jpeg_error_state errors;
  int scan;             // the one being read, from 1 on
  uint64_t blocks;      // in all scans up to that one
  uint64_t max_blocks;  // how many are read before the file is refused
} efi_jpeg_reader;

/// A file that is written. Zeroed until it is opened, it can always go to `jpeg_destroy_compress`.
typedef struct efi_jpeg_writer {
  struct jpeg_compress_struct info;
  efi_jpeg_destination target;
  efi_jpeg_error_state errors;
} efi_jpeg_writer;

/// Reads a file up to the end of its header; `bytes` must outlive the reader.
void efi_jpeg_reader_open(efi_jpeg_reader *reader, efi_wall *wall, const uint8_t *bytes,
                          size_t count);

/// Refuses a file whose data stopped between scans (the picture would be blurred or lack colour) or in
/// arithmetic coding, of which libjpeg reads any lack as zeros.
void efi_jpeg_reader_check_complete(efi_jpeg_reader *reader);

/// Refuses quantization tables that hold a zero: libjpeg's writer divides by them.
void efi_jpeg_reader_check_tables(efi_jpeg_reader *reader);

/// Sets the colours to decode to (RGB, or CMYK where the file is) and starts.
void efi_jpeg_reader_start(efi_jpeg_reader *reader);

/// Whether a file has the four inks, as they are or as YCCK.
bool efi_jpeg_is_cmyk(const struct jpeg_decompress_struct *info);

/// Starts a file that replaces what `buffer` holds.
void efi_jpeg_writer_open(efi_jpeg_writer *writer, efi_wall *wall, efi_buffer *buffer);

#endif
