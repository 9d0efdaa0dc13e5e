#include "CKernels.h"

#if defined(__linux__)
#include <malloc.h>
#endif

void efk_keep_freed_memory(void) {
#if defined(__GLIBC__)
  // The first is the highest threshold that the library takes.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}
