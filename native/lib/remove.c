#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A container could make folders in its layer as deep as it liked. A folder below this depth is moved to the top of the
 * tree and removed from there, so neither the stack nor the descriptors run out.
 */
#define DEPTH_MAX 32

struct removal {
  int top;
  unsigned moved;
};

/* Never through a symbolic link, never onto another mount, not even one of the same device (a bind mount): -EXDEV. */
static int open_folder(int parent, const char *name)
{
  uint64_t resolve = STK_RESOLVE_NO_XDEV | STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_BENEATH;
  return stk_openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, resolve);
}

static int remove_folder(struct removal *removal, int parent, const char *name, int depth);

static int move_to_top(struct removal *removal, int parent, const char *name)
{
  char fresh[32];
  for (;;) {
    snprintf(fresh, sizeof fresh, ".stack-removed.%u", removal->moved++);
    /* Into an empty folder of that name it would go without a word, which is no harm: it is to be removed as well. */
    if (renameat(parent, name, removal->top, fresh) == 0) return 0;
    if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) return -errno;
  }
}

static int remove_entry(struct removal *removal, int parent, const struct dirent *entry, int depth)
{
  int is_folder = entry->d_type == DT_DIR;
  if (entry->d_type == DT_UNKNOWN) {
    struct stat status;
    if (fstatat(parent, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 0 : -errno;
    is_folder = S_ISDIR(status.st_mode);
  }
  if (!is_folder) return unlinkat(parent, entry->d_name, 0) < 0 && errno != ENOENT ? -errno : 0;
  if (depth < DEPTH_MAX) return remove_folder(removal, parent, entry->d_name, depth + 1);
  return move_to_top(removal, parent, entry->d_name);
}

/* All that is in the folder; the descriptor is taken over. */
static int empty_folder(struct removal *removal, int fd, int depth)
{
  DIR *folder = fdopendir(fd);
  if (folder == NULL) {
    int error = -errno;
    close(fd);
    return error;
  }
  int result = 0;
  struct dirent *entry;
  while (result == 0) {
    errno = 0;
    entry = readdir(folder);
    if (entry == NULL) {
      result = -errno;
      break;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    result = remove_entry(removal, dirfd(folder), entry, depth);
  }
  closedir(folder);
  return result;
}

static int remove_folder(struct removal *removal, int parent, const char *name, int depth)
{
  int fd = open_folder(parent, name);
  if (fd < 0) return fd == -ENOENT ? 0 : fd;
  int result = empty_folder(removal, fd, depth);
  if (result < 0) return result;
  return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* The folder above and the last part of a path. -EINVAL: a path of no such form. */
static int split(const char *path, char *above, size_t size, const char **name)
{
  const char *slash = strrchr(path, '/');
  if (slash == NULL || slash[1] == '\0' || strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0) return -EINVAL;
  size_t len = slash == path ? 1 : (size_t)(slash - path);
  if (len >= size) return -ENAMETOOLONG;
  memcpy(above, path, len);
  above[len] = '\0';
  *name = slash + 1;
  return 0;
}

/* rm -r of an absolute path; 0 where it is not there. -EXDEV: something is mounted in it, which is left as it is. */
EXPORT int32_t stk_remove_tree(const char *path)
{
  char above[4096];
  const char *name;
  int result = split(path, above, sizeof above, &name);
  if (result < 0) return result;
  int parent cleanup_fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
  int top cleanup_fd = open_folder(parent, name);
  if (top == -ENOENT) return 0;
  if (top == -ENOTDIR || top == -ELOOP) return unlinkat(parent, name, 0) < 0 && errno != ENOENT ? -errno : 0;
  if (top < 0) return top;

  struct removal removal = {.top = top};
  unsigned before;
  do {
    /* What was moved up while the folder was read may or may not have been seen: once more, until nothing was. */
    before = removal.moved;
    int fd = open_folder(top, ".");
    result = fd < 0 ? fd : empty_folder(&removal, fd, 0);
  } while (result == 0 && removal.moved != before);
  if (result < 0) return result;
  return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
