#include "CImageCodecs.h"

#include <stdio.h>

#include <jpeglib.h>

int efi_jpeg_library_version(void) { return JPEG_LIB_VERSION; }
