// Where a mask is set, for the JPEG code that goes by blocks.

#ifndef EFFACE_IMAGE_CODECS_JPEG_MASK_H
#define EFFACE_IMAGE_CODECS_JPEG_MASK_H

#include "jpeg_stream.h"

/// Whether a picture's mask is set anywhere in a box, the part outside the picture left out.
bool efi_jpeg_mask_touches(const uint8_t *mask, const struct jpeg_decompress_struct *picture,
                           size_t x, size_t y, size_t width, size_t height);

#endif
