#define _GNU_SOURCE
#include "targets.h"

#include "../common/process.h"
#include "../common/weakened.h"
#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int open_target(const char *target, int flags)
{
  uint64_t resolve = STK_RESOLVE_IN_ROOT | STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_NO_MAGICLINKS;
  if (weakened("targets-in-root")) resolve = 0;
  if (weakened("real-folders")) resolve = STK_RESOLVE_IN_ROOT;
  return stk_openat2(FD_ROOT, target, O_PATH | O_CLOEXEC | flags, 0, resolve);
}

static int follow(const char *path)
{
  return stk_openat2(FD_ROOT, path, O_PATH | O_CLOEXEC, 0, STK_RESOLVE_IN_ROOT | STK_RESOLVE_NO_MAGICLINKS);
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
  if (system.f_type == PROC_MAGIC || system.f_type == SYSFS_MAGIC) return -EXDEV;
  if (folder && !S_ISDIR(status.st_mode)) return -ENOTDIR;
  return !folder && S_ISDIR(status.st_mode) ? -EISDIR : 0;
}

/* One step of the way: the folder or file at `path`, made in `parent` where there is none. A link to nothing stays an error. */
static int step(int parent, const char *path, const char *name, bool folder)
{
  int fd = follow(path);
  if (fd != -ENOENT) return fd;
  int result = make(parent, name, folder);
  return result < 0 && result != -EEXIST ? result : follow(path);
}

int make_target(const char *target, bool folder)
{
  char path[PATH_MAX];
  if (strlen(target) >= sizeof path) return -ENAMETOOLONG;
  strcpy(path, target);
  int at cleanup_fd = open_target("/", O_DIRECTORY);
  for (char *name = path + 1, *end = name; at >= 0 && *end != '\0'; name = end + 1) {
    end = strchrnul(name, '/');
    bool last = *end == '\0';
    *end = '\0';
    int next = step(at, path, name, !last || folder);
    close(at);
    at = next;
    if (!last) *end = '/';
  }
  if (at < 0) return at;
  int result = check(at, folder);
  return result < 0 ? result : steal_fd(&at);
}
