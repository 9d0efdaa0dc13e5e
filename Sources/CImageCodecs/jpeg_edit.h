// What writing over a source shares with its inks and its Huffman tables.

#ifndef EFFACE_IMAGE_CODECS_JPEG_EDIT_H
#define EFFACE_IMAGE_CODECS_JPEG_EDIT_H

#include "jpeg_stream.h"

/// A source, the edited picture, and what is learnt and made on the way to the result.
typedef struct efi_jpeg_edit {
  efi_wall wall;
  const uint8_t *bytes;
  size_t count;
  const uint8_t *pixels;
  size_t first_row;  // of the photo that `pixels` holds
  const uint8_t *mask;
  const efi_jpeg_plan *plan;
  int quality;
  bool progression;
  bool arithmetic;
  int restart_interval;
  efi_buffer *output;
  efi_jpeg_outcome outcome;

  efi_jpeg_reader source;        // the file's coefficients
  efi_jpeg_reader inks;          // the file's CMYK samples, where it has them
  efi_jpeg_writer writer;        // the result
  efi_jpeg_writer strip_writer;  // some rows of MCUs, coded anew ...
  efi_jpeg_reader strip_reader;  // ... and read back as coefficients
  efi_buffer strip;
  uint8_t *row;                  // one row of CMYK samples
  uint8_t black[256];            // how much black the photo has, by the lightest of red, green, blue
  bool has_category[NUM_HUFF_TBLS][256];  // which DC symbols the source's tables can code
  bool has_symbol[NUM_HUFF_TBLS][256];    // which AC symbols
  bool tables_hold;
} efi_jpeg_edit;

// MARK: Inks

/// Learns how the photo makes black, and opens its CMYK samples, where it has them.
void efi_jpeg_prepare_inks(efi_jpeg_edit *job);

/// The next row of CMYK samples of the source, with the fill where the mask is set.
const uint8_t *efi_jpeg_next_ink_row(efi_jpeg_edit *job);

// MARK: Tables

/// Notes what the source's Huffman tables can code; false where they cannot serve at all.
///
/// libjpeg-turbo does not notice a missing code while it writes: this must be known before.
bool efi_jpeg_read_tables(efi_jpeg_edit *job);

/// Whether an AC table has a code for everything in a block.
bool efi_jpeg_can_code(const bool *has_symbol, const JCOEF *block);

/// Whether the source's DC tables have codes for the steps in MCU rows `first` to `last` (end not
/// included), and for those from the row before and to the row behind.
bool efi_jpeg_steps_have_codes(efi_jpeg_edit *job, jvirt_barray_ptr *coefficients, size_t first,
                               size_t last);

#endif
