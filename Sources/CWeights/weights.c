#include "CWeights.h"

// Each file is embedded as it stands; an absent one stops the build here.
_Alignas(64) static const unsigned char inpainting[] = {
#embed "inpainting.safetensors"
};

_Alignas(64) static const unsigned char segmentation[] = {
#embed "segmentation.safetensors"
};

const unsigned char *const efw_inpainting = inpainting;
const size_t efw_inpainting_size = sizeof inpainting;
const unsigned char *const efw_segmentation = segmentation;
const size_t efw_segmentation_size = sizeof segmentation;
