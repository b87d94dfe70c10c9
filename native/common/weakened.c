#define _GNU_SOURCE
#include "weakened.h"

#ifdef STK_FAULTS

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WEAKENED_FILE "/run/.weakened"

bool weakened(const char *protection)
{
  static char named[64];
  static bool known;
  if (!known) {
    int fd = open(WEAKENED_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, named, sizeof named - 1);
    named[len > 0 ? len : 0] = '\0';
    if (fd >= 0) close(fd);
    known = true;
  }
  return strcmp(named, protection) == 0;
}

#endif
