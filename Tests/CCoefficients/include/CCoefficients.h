// Reads a JPEG's quantized coefficients with libjpeg alone: the tests' own view of a file.

#ifndef EFFACE_TEST_COEFFICIENTS_H
#define EFFACE_TEST_COEFFICIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct etc_component {
  int horizontal;
  int vertical;
  int columns;  ///< blocks
  int rows;
  uint16_t table[64];
  int16_t *coefficients;  ///< rows · columns · 64
} etc_component;

typedef struct etc_image {
  int width;
  int height;
  int color_space;
  int component_count;
  bool progressive;
  bool arithmetic;
  int restart_interval;
  etc_component components[4];
} etc_image;

/// False when the file cannot be read, or libjpeg has anything to warn of.
bool etc_read(const uint8_t *bytes, size_t count, etc_image *image);
void etc_free(etc_image *image);

#endif
