#define _GNU_SOURCE
#include "device.h"

#include "../common/kernel-mounts.h"
#include "../common/process.h"
#include "../common/weakened.h"
#include "targets.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The number as one word of 32 bits: new_encode_dev() in linux/kdev_t.h. */
static bool is_device(int fd, const struct setup *s)
{
  struct stat status;
  mode_t type = text_is(s->data, "b") ? S_IFBLK : S_IFCHR;
  if (fstat(fd, &status) < 0 || (status.st_mode & S_IFMT) != type) return false;
  unsigned major_number = (s->flags >> 8) & 0xfff, minor_number = (s->flags & 0xff) | ((s->flags >> 12) & 0xfff00);
  return status.st_rdev == makedev(major_number, minor_number);
}

int bind_device(const struct setup *s)
{
  int copy cleanup_fd = copy_mount(s->source.at, 0);
  if (copy < 0) return copy;
  if (!is_device(copy, s) && !weakened("device-numbers")) return -ENODEV;
  struct mount_attributes read_only = {.set = MS_RDONLY};
  int result = set_mount_attributes(copy, 0, &read_only);
  if (result < 0) return result;
  int target cleanup_fd = open_target(s->target.at, 0);
  return target < 0 ? target : move_mount_to(copy, target);
}
