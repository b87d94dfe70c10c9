#define _GNU_SOURCE
#include "targets.h"

#include "../common/make-target.h"
#include "../common/process.h"
#include "../common/weakened.h"
#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int open_target(const char *target, int flags)
{
  uint64_t resolve = STK_RESOLVE_IN_ROOT | STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_NO_MAGICLINKS;
  if (weakened("targets-in-root")) resolve = 0;
  if (weakened("real-folders")) resolve = STK_RESOLVE_IN_ROOT;
  return stk_openat2(FD_ROOT, target, O_PATH | O_CLOEXEC | flags, 0, resolve);
}

static bool is_same_place(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The system mounts in /dev itself, and says so. */
static int check_place(int place, const char *target)
{
  struct stat there, root, devices;
  if (weakened("places-of-mounts") || strncmp(target, "/dev/", 5) == 0) return 0;
  int dev cleanup_fd = open_target("/dev", O_DIRECTORY);
  if (dev < 0) return dev;
  if (fstat(place, &there) < 0 || fstat(FD_ROOT, &root) < 0 || fstat(dev, &devices) < 0) return -errno;
  if (is_same_place(&there, &root)) return -EBUSY;
  return there.st_dev == devices.st_dev ? -EXDEV : 0;
}

int make_target(const char *target, bool folder)
{
  int place cleanup_fd = make_target_in(FD_ROOT, target, folder);
  int result = place < 0 ? place : check_place(place, target);
  return result < 0 ? result : steal_fd(&place);
}
