#define _GNU_SOURCE
#include "setup.h"

#include "../common/kernel-mounts.h"
#include "../common/process.h"
#include "../common/weakened.h"
#include "console.h"
#include "device.h"
#include "faults.h"
#include "fds.h"
#include "given.h"
#include "mounts.h"
#include "targets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int checked(long result)
{
  return result < 0 ? -errno : (int)result;
}

/* Opens the folder that `target` is to be made in; `name` is its own name there. */
static int open_parent(const char *target, const char **name)
{
  char folder[PATH_MAX];
  const char *slash = strrchr(target, '/');
  if (slash == NULL || slash[1] == '\0') return -EINVAL;
  size_t len = (size_t)(slash - target);
  if (len >= sizeof folder) return -ENAMETOOLONG;
  memcpy(folder, target, len);
  folder[len] = '\0';
  *name = slash + 1;
  return open_target(len == 0 ? "/" : folder, O_DIRECTORY);
}

static int enter(int folder)
{
  return checked(fchdir(folder));
}

static int mount_root(const struct setup *s)
{
  if (text_is(s->type, "bind")) return checked(mount(s->source.at, s->target.at, NULL, MS_BIND | (s->flags & MS_REC), NULL));
  return checked(mount(s->source.at, s->target.at, s->type.at, s->flags, s->data.at));
}

static int open_root(const struct setup *s)
{
  int fd = fd_place(checked(open(s->target.at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)), FD_ROOT);
  return fd < 0 ? fd : 0;
}

/* On ".", which is the folder that was opened, and nothing that its path might have become meanwhile. */
static int mount_target(const struct setup *s)
{
  int target cleanup_fd = open_target(s->target.at, O_DIRECTORY);
  if (target < 0) return target;
  int result = enter(target);
  return result < 0 ? result : checked(mount(s->source.at, ".", s->type.at, s->flags, s->data.at));
}

/* The copy gets its flags before anybody can see it; flags that the source has, and may not lose, stay. */
static int bind_target(const struct setup *s)
{
  unsigned recursive = (s->flags & MS_REC) != 0 ? RECURSIVE : 0;
  int copy cleanup_fd = copy_mount(s->source.at, recursive);
  if (copy < 0) return copy;
  struct mount_attributes attributes = {.set = s->flags & ATTRIBUTE_FLAGS};
  if (attributes.set != 0) {
    int result = set_mount_attributes(copy, recursive, &attributes);
    if (result < 0) return result;
  }
  int target cleanup_fd = open_target(s->target.at, 0);
  if (target < 0) return target;
  return move_mount_to(copy, target);
}

/* What stands there already must be of the same type, whatever its mode. */
static int accept_existing(int parent, const char *name, mode_t type)
{
  struct stat status;
  if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
  if ((status.st_mode & S_IFMT) == type) return 0;
  if (S_ISLNK(status.st_mode)) return weakened("real-folders") ? 0 : -ELOOP;
  return type == S_IFDIR ? -ENOTDIR : -EEXIST;
}

static int make_folder(const struct setup *s)
{
  const char *name = NULL;
  int parent cleanup_fd = open_parent(s->target.at, &name);
  if (parent < 0) return parent;
  int result = checked(mkdirat(parent, name, s->flags));
  return result == -EEXIST ? accept_existing(parent, name, S_IFDIR) : result;
}

static int make_file(const struct setup *s)
{
  const char *name = NULL;
  int parent cleanup_fd = open_parent(s->target.at, &name);
  if (parent < 0) return parent;
  int result = checked(mknodat(parent, name, S_IFREG | (s->flags & 07777), 0));
  return result == -EEXIST ? accept_existing(parent, name, S_IFREG) : result;
}

/* Whatever the container has put in its place since is its own affair: nothing is mounted on it. */
static int make_symlink(const struct setup *s)
{
  const char *name = NULL;
  int parent cleanup_fd = open_parent(s->target.at, &name);
  if (parent < 0) return parent;
  int result = checked(symlinkat(s->source.at, parent, name));
  return result == -EEXIST ? 0 : result;
}

/* pivot_root(2), "pivot_root(".", ".")": the old root lies over the new one, and is taken off. */
static int pivot(void)
{
  int result = enter(FD_ROOT);
  if (result == 0) result = checked(syscall(SYS_pivot_root, ".", "."));
  if (result == 0) result = checked(umount2(".", MNT_DETACH));
  if (result == 0) result = checked(chdir("/"));
  close(FD_ROOT);
  return result;
}

/* `net.ipv4.conf.eth0/10.forwarding` is `net/ipv4/conf/eth0.10/forwarding`: each of the two marks is the other in a path. */
static char turned(char mark)
{
  return mark == '.' ? '/' : mark == '/' ? '.' : mark;
}

/* Whether each part of a path is a name: none is empty, and none is a way to another folder. */
static bool leads_down(const char *path)
{
  for (const char *part = path;; part++) {
    size_t len = strcspn(part, "/");
    if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && strncmp(part, "..", 2) == 0)) return false;
    part += len;
    if (*part == '\0') return true;
  }
}

/* `net.ipv4.ip_forward` is sys/net/ipv4/ip_forward below the procfs, and nothing else. */
static int write_sysctl(const struct setup *s)
{
  char path[256] = "sys/";
  struct statfs status;
  if (s->source.len + 5 > sizeof path) return -ENAMETOOLONG;
  for (uint32_t n = 0; n <= s->source.len; n++) path[4 + n] = turned(s->source.at[n]);
  if (!leads_down(path)) return -EINVAL;
  if (fstatfs(FD_PROC, &status) < 0) return -errno;
  if (status.f_type != PROC_MAGIC) return -EXDEV;
  uint64_t resolve = STK_RESOLVE_BENEATH | STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_NO_XDEV;
  int file cleanup_fd = stk_openat2(FD_PROC, path, O_WRONLY | O_CLOEXEC | O_NOCTTY, 0, weakened("private-procfs") ? 0 : resolve);
  if (file < 0) return file;
  return write(file, s->data.at, s->data.len) < 0 ? -errno : 0;
}

static int run_op(const struct setup *s, const struct list *given)
{
  switch (s->op) {
    case OP_MOUNT_ROOT: return mount_root(s);
    case OP_ROOT: return open_root(s);
    case OP_MOUNT: return mount_target(s);
    case OP_BIND: return bind_target(s);
    case OP_MKDIR: return make_folder(s);
    case OP_FILE: return make_file(s);
    case OP_SYMLINK: return make_symlink(s);
    case OP_PIVOT: return pivot();
    case OP_HOSTNAME: return checked(sethostname(s->source.at, s->source.len));
    case OP_SYSCTL: return write_sysctl(s);
    case OP_ATTACH_ROOT: return attach_outside(s);
    case OP_ATTACH: return attach_inside(s);
    case OP_TMPFS: return mount_tmpfs(s);
    case OP_READ_ONLY: return close_to_writing(s);
    case OP_FOLDER: return make_folders_inside(s);
    case OP_CONSOLE: return make_console(s->target.at);
    case OP_DEVICE: return bind_device(s);
    case OP_GIVE: return give_file(s, given);
    case OP_UNMOUNT: return unmount_folder(s);
    default: return -EINVAL;
  }
}

bool run_setup(const struct run_record *record, struct trouble *trouble)
{
  const uint8_t *at = record->setup.at;
  for (uint32_t n = 0; n < record->setup.count; n++) {
    struct setup s = next_setup(&at);
    if (record->again && (s.op == OP_HOSTNAME || s.op == OP_SYSCTL)) continue;
    int result = run_op(&s, &record->given);
    if (result < 0) return trouble_is(trouble, STAGE_SETUP, n, result);
    fault_point();
  }
  return true;
}
