#define _GNU_SOURCE
#include "kernel-mounts.h"

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define OPEN_TREE_CLONE_FLAG 1U
#define MOVE_FROM_FD 0x04U
#define MOVE_TO_FD 0x40U
/* FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC; FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE */
#define CLOSED_ON_EXEC 1U
enum { SET_FLAG, SET_STRING, CREATE = 6 };
/* Of what an option of a tmpfs is, with its value. */
#define OPTION_LEN 256

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

static int set_option(int context, const char *option, size_t len)
{
  char key[OPTION_LEN];
  if (len >= sizeof key) return -EINVAL;
  memcpy(key, option, len);
  key[len] = '\0';
  char *value = strchr(key, '=');
  if (value == NULL) return checked(syscall(SYS_fsconfig, context, SET_FLAG, key, NULL, 0));
  *value++ = '\0';
  return checked(syscall(SYS_fsconfig, context, SET_STRING, key, value, 0));
}

static int set_options(int context, const char *options)
{
  int result = checked(syscall(SYS_fsconfig, context, SET_STRING, "source", "tmpfs", 0));
  while (result == 0 && *options != '\0') {
    size_t len = strcspn(options, ",");
    result = set_option(context, options, len);
    options += options[len] == ',' ? len + 1 : len;
  }
  return result < 0 ? result : checked(syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0));
}

int mount_tmpfs_on(int place, unsigned flags, const char *options)
{
  int context cleanup_fd = checked(syscall(SYS_fsopen, "tmpfs", CLOSED_ON_EXEC));
  if (context < 0) return context;
  int result = set_options(context, options);
  if (result < 0) return result;
  int made cleanup_fd = checked(syscall(SYS_fsmount, context, CLOSED_ON_EXEC, flags & ATTRIBUTE_FLAGS));
  return made < 0 ? made : move_mount_to(made, place);
}
