#include "jpeg_mask.h"

#include <string.h>

static bool any_set(const uint8_t *bytes, size_t count) {
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    if (word) return true;
  }
  for (; count > 0; bytes++, count--) {
    if (*bytes) return true;
  }
  return false;
}

bool efi_jpeg_mask_touches(const uint8_t *mask, const struct jpeg_decompress_struct *picture,
                           size_t x, size_t y, size_t width, size_t height) {
  size_t full_width = picture->image_width, full_height = picture->image_height;
  if (x >= full_width || y >= full_height) return false;
  if (width > full_width - x) width = full_width - x;
  if (height > full_height - y) height = full_height - y;
  for (size_t r = 0; r < height; r++) {
    if (any_set(mask + (y + r) * full_width + x, width)) return true;
  }
  return false;
}
