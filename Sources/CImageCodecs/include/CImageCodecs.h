#ifndef EFFACE_IMAGE_CODECS_H
#define EFFACE_IMAGE_CODECS_H

/// The version number of the libjpeg interface that this was compiled against (62, 70, 80).
int efi_jpeg_library_version(void);

#endif
