// What Swift's view of the C library leaves out.

#ifndef EFFACE_FILE_SYSTEM_H
#define EFFACE_FILE_SYSTEM_H

#include <stdbool.h>

/// Gives an open file the owner, the group and the extended attributes (tags, ratings, access lists) of the
/// file at a path, as far as the system and the user's rights allow.
void efs_take_attributes(const char *path, int descriptor);

/// Whether a signal does nothing, as the caller of the program may have asked for (`nohup`).
bool efs_is_ignored(int signal);

#endif
