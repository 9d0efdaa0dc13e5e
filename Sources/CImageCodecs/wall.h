// What both codecs share behind the wall.

#ifndef EFFACE_IMAGE_CODECS_WALL_H
#define EFFACE_IMAGE_CODECS_WALL_H

#include <setjmp.h>

#include "CImageCodecs.h"

/// Where a library's error ends: the place to jump to, and what to tell.
typedef struct efi_wall {
  jmp_buf escape;
  efi_code code;
  efi_failure *failure;
} efi_wall;

/// Runs `body(job)` and returns `EFI_OK`, or the code that was set when it jumped.
///
/// The job lives in the caller's frame, not in the one that calls `setjmp`: its values after a jump
/// are what they were when it happened.
efi_code efi_guard(efi_wall *wall, void (*body)(void *job), void *job);

/// Leaves the guarded body with `code`; the message, unless NULL, is copied.
_Noreturn void efi_leave(efi_wall *wall, efi_code code, const char *message);

/// Makes room for `more` bytes; false when there is no memory.
bool efi_buffer_reserve(efi_buffer *buffer, size_t more);

#endif
