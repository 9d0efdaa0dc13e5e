#ifndef EFFACE_WEIGHTS_H
#define EFFACE_WEIGHTS_H

#include <stddef.h>

/// The embedded network files: aligned to 64 bytes, valid for the life of the process.
extern const unsigned char *const efw_inpainting;
extern const size_t efw_inpainting_size;
extern const unsigned char *const efw_segmentation;
extern const size_t efw_segmentation_size;

#endif
