#define _GNU_SOURCE
#include "kernel-mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define OPEN_TREE_CLONE_FLAG 1U
#define MOVE_FROM_FD 0x04U
#define MOVE_TO_FD 0x40U

static int checked(long result)
{
  return result < 0 ? -errno : (int)result;
}

int copy_mount(const char *path, unsigned recursive)
{
  return checked(syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE_FLAG | O_CLOEXEC | recursive));
}

int copy_mount_of(int fd)
{
  return checked(syscall(SYS_open_tree, fd, "", OPEN_TREE_CLONE_FLAG | O_CLOEXEC | AT_EMPTY_PATH));
}

int set_mount_attributes(int mount, unsigned recursive, struct mount_attributes *attributes)
{
  return checked(syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | recursive, attributes, sizeof *attributes));
}

int move_mount_to(int copy, int target)
{
  return checked(syscall(SYS_move_mount, copy, "", target, "", MOVE_FROM_FD | MOVE_TO_FD));
}
