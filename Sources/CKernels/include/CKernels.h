#ifndef EFFACE_KERNELS_H
#define EFFACE_KERNELS_H

#include "image.h"
#include "isa.h"
#include "quantized.h"

#pragma clang assume_nonnull begin

/// The kernels of one instruction set: every family's table, complete. A family without its own
/// code for an instruction set lists that of a narrower one.
typedef struct efk_kernels {
  efk_isa isa;
  const char *name;
  const efk_quantized *quantized;
  const efk_image *image;
} efk_kernels;

/// The widest instruction set that this processor and its operating system can run.
efk_isa efk_best_isa(void);

/// The kernels of an instruction set, or null where this machine cannot run them.
const efk_kernels *_Nullable efk_kernels_for(efk_isa isa);

/// Has the process keep what it frees, up to 256 MB, for its next blocks.
void efk_keep_freed_memory(void);

#pragma clang assume_nonnull end

#endif
