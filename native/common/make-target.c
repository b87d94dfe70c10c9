#define _GNU_SOURCE
#include "make-target.h"

#include "process.h"
#include "weakened.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Of links that lead to links which lead nowhere yet; each takes two pages of the stack. */
#define MOST_LINKS 8

int follow_in(int root, const char *path)
{
  return stk_openat2(root, path, O_PATH | O_CLOEXEC, 0, STK_RESOLVE_IN_ROOT | STK_RESOLVE_NO_MAGICLINKS);
}

static int make(int parent, const char *name, bool folder)
{
  int result = folder ? mkdirat(parent, name, 0755) : mknodat(parent, name, S_IFREG | 0644, 0);
  return result < 0 ? -errno : 0;
}

/* What stands there is of the kind that is mounted there: the kernel's ENOTDIR would not say which of the two is wrong. */
static int check(int target, bool folder)
{
  struct stat status;
  struct statfs system;
  if (fstat(target, &status) < 0 || fstatfs(target, &system) < 0) return -errno;
  if (system.f_type == PROC_MAGIC || system.f_type == SYSFS_MAGIC || system.f_type == CGROUP2_MAGIC) return -EXDEV;
  if (folder && !S_ISDIR(status.st_mode)) return -ENOTDIR;
  return !folder && S_ISDIR(status.st_mode) ? -EISDIR : 0;
}

/* Where the link at `path` leads to, from the root. */
static int behind_link(int parent, const char *path, const char *name, char to[PATH_MAX])
{
  const char *base = strrchr(path, '/');
  size_t above = base == NULL ? 0 : (size_t)(base - path) + 1;
  ssize_t n = readlinkat(parent, name, to, PATH_MAX);
  if (n < 0) return -errno;
  if (n > 0 && to[0] == '/') above = 0;
  if (above + (size_t)n >= PATH_MAX) return -ENAMETOOLONG;
  memmove(to + above, to, (size_t)n);
  memcpy(to, path, above);
  to[above + (size_t)n] = '\0';
  return 0;
}

static int make_behind(int root, const char *target, bool folder, int links);

/*
 * One step of the way: the folder or file at `path`, made in `parent` where there is none. What a link leads to is made there where it is a
 * file: an image's /etc/resolv.conf often leads to what a daemon would write. A link to no folder stays an error.
 */
static int step(int root, int parent, const char *path, const char *name, bool folder, int links)
{
  char to[PATH_MAX];
  int fd = follow_in(root, path);
  if (fd != -ENOENT) return fd;
  int result = make(parent, name, folder);
  if (result < 0 && result != -EEXIST) return result;
  fd = follow_in(root, path);
  if (result == 0 || fd != -ENOENT || folder) return fd;
  if (links == 0) return -ELOOP;
  result = behind_link(parent, path, name, to);
  return result < 0 ? result : make_behind(root, to, folder, links - 1);
}

static bool is_same_place(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The system mounts in /dev itself, and says so. */
static int check_place(int root, int place, const char *target)
{
  struct stat there, top, devices;
  if (weakened("places-of-mounts") || strncmp(target, "/dev/", 5) == 0) return 0;
  int dev cleanup_fd = follow_in(root, "/dev");
  if (dev < 0) return dev;
  if (fstat(place, &there) < 0 || fstat(root, &top) < 0 || fstat(dev, &devices) < 0) return -errno;
  if (is_same_place(&there, &top)) return -EBUSY;
  return there.st_dev == devices.st_dev && devices.st_dev != top.st_dev ? -EXDEV : 0;
}

int make_place_in(int root, const char *target, bool folder)
{
  int place cleanup_fd = make_target_in(root, target, folder);
  int result = place < 0 ? place : check_place(root, place, target);
  return result < 0 ? result : steal_fd(&place);
}

int make_target_in(int root, const char *target, bool folder)
{
  int there = follow_in(root, target);
  if (there == -ENOENT) return make_behind(root, target, folder, MOST_LINKS);
  int fd cleanup_fd = there;
  int result = fd < 0 ? fd : check(fd, folder);
  return result < 0 ? result : steal_fd(&fd);
}

static int make_behind(int root, const char *target, bool folder, int links)
{
  char path[PATH_MAX];
  if (strlen(target) >= sizeof path) return -ENAMETOOLONG;
  strcpy(path, target);
  int at cleanup_fd = follow_in(root, "/");
  for (char *name = path + 1, *end = name; at >= 0 && *end != '\0'; name = end + 1) {
    end = strchrnul(name, '/');
    bool last = *end == '\0';
    *end = '\0';
    int next = step(root, at, path, name, !last || folder, links);
    close(at);
    at = next;
    if (!last) *end = '/';
  }
  if (at < 0) return at;
  int result = check(at, folder);
  return result < 0 ? result : steal_fd(&at);
}
