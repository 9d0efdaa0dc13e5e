#include "CWeights.h"

// Each file is embedded as it stands; an absent one would stop the build here.
_Alignas(64) static const unsigned char inpainting[] = {0};

const unsigned char *const efw_inpainting = inpainting;
const size_t efw_inpainting_size = sizeof inpainting;
