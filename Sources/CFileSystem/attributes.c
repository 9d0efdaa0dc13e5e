// `fchown` is not in standard C.
#define _DEFAULT_SOURCE

#include "CFileSystem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined(__APPLE__)
#define LIST(path, names, size) listxattr(path, names, size, 0)
#define GET(path, name, value, size) getxattr(path, name, value, size, 0, 0)
#define SET(descriptor, name, value, size) fsetxattr(descriptor, name, value, size, 0, 0)
#else
#define LIST(path, names, size) listxattr(path, names, size)
#define GET(path, name, value, size) getxattr(path, name, value, size)
#define SET(descriptor, name, value, size) fsetxattr(descriptor, name, value, size, 0)
#endif

static void take_owner(const char *path, int descriptor) {
  struct stat its, mine;
  if (stat(path, &its) != 0 || fstat(descriptor, &mine) != 0) return;
  if (its.st_uid == mine.st_uid && its.st_gid == mine.st_gid) return;
  // Few may give files away; a group of one's own is allowed to all.
  if (fchown(descriptor, its.st_uid, its.st_gid) != 0) {
    const int refused = fchown(descriptor, (uid_t)-1, its.st_gid);
    (void)refused;
  }
}

static void take_attribute(const char *path, int descriptor, const char *name) {
  const ssize_t size = GET(path, name, NULL, 0);
  if (size < 0) return;
  char *value = malloc((size_t)size + 1);
  if (!value) return;
  const ssize_t got = GET(path, name, value, (size_t)size);
  if (got >= 0) SET(descriptor, name, value, (size_t)got);
  free(value);
}

void efs_take_attributes(const char *path, int descriptor) {
  take_owner(path, descriptor);
  const ssize_t size = LIST(path, NULL, 0);
  if (size <= 0) return;
  char *names = malloc((size_t)size);
  if (!names) return;
  const ssize_t got = LIST(path, names, (size_t)size);
  for (ssize_t at = 0; at < got; at += (ssize_t)strlen(names + at) + 1) {
    take_attribute(path, descriptor, names + at);
  }
  free(names);
}
