// `sigaction` is not in standard C.
#define _DEFAULT_SOURCE

#include "CFileSystem.h"

#include <signal.h>
#include <stddef.h>

bool efs_is_ignored(int signal) {
  struct sigaction now;
  return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}
