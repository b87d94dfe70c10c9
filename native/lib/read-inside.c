#define _GNU_SOURCE
#include "../common/make-target.h"
#include "../common/process.h"
#include "../common/weakened.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what is in a container nothing is opened before it is known to be a file: a FIFO would never come to its end, a device might act. */
static int open_regular(int root, const char *path, struct stat *status)
{
  char name[64];
  int place cleanup_fd = follow_in(root, path);
  if (place < 0) return place;
  if (fstat(place, status) < 0) return -errno;
  if (!S_ISREG(status->st_mode) && !weakened("regular-files")) return -EINVAL;
  snprintf(name, sizeof name, "/proc/self/fd/%d", place);
  int file = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  return file < 0 ? -errno : file;
}

/*
 * A regular file as a process with this root sees it: no link leads out of that. `out`: uid, gid and mode, 32 bits each, then as much as there is room
 * for. The bytes of all that, or -errno; -EINVAL for what is no regular file.
 */
EXPORT int32_t stk_read_inside(const char *root, const char *path, uint8_t *out, int32_t len)
{
  struct stat status;
  uint32_t about[3];
  if (len < (int32_t)sizeof about) return -EINVAL;
  int top cleanup_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (top < 0) return -errno;
  int file cleanup_fd = open_regular(top, path, &status);
  if (file < 0) return file;
  ssize_t got = stk_read_all(file, out + sizeof about, (size_t)len - sizeof about);
  if (got < 0) return (int32_t)got;
  about[0] = status.st_uid, about[1] = status.st_gid, about[2] = status.st_mode & 07777;
  memcpy(out, about, sizeof about);
  return (int32_t)((size_t)got + sizeof about);
}
