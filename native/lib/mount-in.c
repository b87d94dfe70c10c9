#define _GNU_SOURCE
#include "../common/kernel-mounts.h"
#include "../common/make-target.h"
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/magic.h */
#define TMPFS_MAGIC 0x01021994

/* As the caller hands them over. */
struct numbers {
  uint32_t flags, propagation, idmapped;
  uint32_t uid, gid; /* the container's root, as the host numbers it */
};

struct addition {
  int copy; /* attached nowhere; -1: a tmpfs is made */
  const char *target, *data;
  struct numbers numbers;
};

struct removal {
  const char *target;
  dev_t device;
  ino_t inode; /* of what is mounted there; 0: a tmpfs */
};

static int checked(long result)
{
  return result < 0 ? -errno : (int)result;
}

static int show_ids(int copy, unsigned recursive, int32_t pid)
{
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
  int space cleanup_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0) return -errno;
  struct mount_attributes attributes = {.set = ATTRIBUTE_IDMAP, .user_namespace = (uint64_t)space};
  return set_mount_attributes(copy, recursive, &attributes);
}

/* As the monitor makes it: mounts.c there. Nobody sees it before it has its ids and flags. */
static int make_copy(const char *source, const struct numbers *n, int32_t pid)
{
  unsigned recursive = (n->flags & MS_REC) != 0 ? RECURSIVE : 0;
  int copy cleanup_fd = copy_mount(source, recursive);
  if (copy < 0) return copy;
  int result = n->idmapped ? show_ids(copy, recursive, pid) : 0;
  struct mount_attributes attributes = {.set = n->flags & ATTRIBUTE_FLAGS, .propagation = n->propagation};
  if (result == 0) result = set_mount_attributes(copy, recursive, &attributes);
  return result < 0 ? result : steal_fd(&copy);
}

/* What is missing on the way the container's root makes, and none else. */
static int32_t add(int root, void *arg)
{
  const struct addition *a = arg;
  struct stat status = {.st_mode = S_IFDIR};
  if (a->copy >= 0 && fstat(a->copy, &status) < 0) return -errno;
  act_as(a->numbers.uid, a->numbers.gid);
  int place cleanup_fd = make_place_in(root, a->target, S_ISDIR(status.st_mode));
  if (place < 0) return place;
  return a->copy >= 0 ? move_mount_to(a->copy, place) : mount_tmpfs_on(place, a->numbers.flags, a->data);
}

/*
 * Mounts a copy of `source`, or with "" a tmpfs, in the mount namespace of exactly this process, as its launch would have: `data` is the
 * tmpfs's. `numbers`: struct numbers.
 */
EXPORT int32_t stk_mount_in(int32_t pid, const char *start_time, const char *source, const char *target, const char *data,
                            const uint8_t *numbers, int32_t len)
{
  struct addition a = {.copy = -1, .target = target, .data = data};
  if (len != (int32_t)sizeof a.numbers) return -EINVAL;
  memcpy(&a.numbers, numbers, sizeof a.numbers);
  int process cleanup_fd = stk_pidfd_open(pid, start_time);
  if (process < 0) return process;
  int copy cleanup_fd = source[0] == '\0' ? -1 : make_copy(source, &a.numbers, pid);
  if (source[0] != '\0' && copy < 0) return copy;
  a.copy = copy;
  return among_mounts(process, add, &a);
}

/* The very thing, and the root of a mount: what somebody else has mounted over it stays. */
static int is_mount_of(int parent, const char *name, const struct removal *r)
{
  struct statx about;
  struct statfs system;
  struct stat status;
  if (statx(parent, name, AT_SYMLINK_NOFOLLOW, STATX_INO, &about) < 0) return -errno;
  if ((about.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return -EINVAL;
  if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
  if (r->inode != 0) return status.st_dev == r->device && status.st_ino == r->inode ? 0 : -ESTALE;
  int folder cleanup_fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0 || fstatfs(folder, &system) < 0) return -errno;
  return system.f_type == TMPFS_MAGIC ? 0 : -ESTALE;
}

/* By its name in its folder: a descriptor of it would itself be a use of it. A place where something is mounted keeps its name. */
static int32_t take(int root, void *arg)
{
  const struct removal *r = arg;
  char above[PATH_MAX];
  const char *name = strrchr(r->target, '/');
  if (name == NULL || name[1] == '\0' || strlen(r->target) >= sizeof above) return -EINVAL;
  memcpy(above, r->target, (size_t)(name - r->target));
  above[name - r->target] = '\0';
  int parent cleanup_fd = follow_in(root, above[0] == '\0' ? "/" : above);
  if (parent < 0) return parent;
  int result = is_mount_of(parent, ++name, r);
  if (result < 0) return result;
  return fchdir(parent) < 0 ? -errno : checked(umount2(name, UMOUNT_NOFOLLOW));
}

/* Takes off what was mounted there of `source`, or with "" a tmpfs: -EBUSY where it is in use, -ESTALE where it is something else. */
EXPORT int32_t stk_unmount_in(int32_t pid, const char *start_time, const char *source, const char *target)
{
  struct removal r = {.target = target};
  struct stat status = {0};
  if (source[0] != '\0' && stat(source, &status) < 0) return -errno;
  r.device = status.st_dev;
  r.inode = source[0] == '\0' ? 0 : status.st_ino;
  int process cleanup_fd = stk_pidfd_open(pid, start_time);
  return process < 0 ? process : among_mounts(process, take, &r);
}
