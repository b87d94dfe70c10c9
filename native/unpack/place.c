#define _GNU_SOURCE
#include "unpack.h"

#include "../common/process.h"
#include "../common/weakened.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

void normalise(char *path)
{
  char *to = path;
  for (const char *from = path; *from != '\0';) {
    size_t len = strcspn(from, "/");
    if (len == 2 && from[0] == '.' && from[1] == '.' && !weakened("names-of-entries")) fail("escapes", 0, path);
    if (len > NAME_MAX) fail("long-path", 0, path);
    if (len > 0 && !(len == 1 && from[0] == '.')) {
      if (to != path) *to++ = '/';
      memmove(to, from, len);
      to += len;
    }
    from += len;
    while (*from == '/') from++;
  }
  *to = '\0';
}

static int open_folder(const char *path)
{
  return stk_openat2(FD_TOP, path[0] == '\0' ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
                     STK_RESOLVE_IN_ROOT | STK_RESOLVE_NO_MAGICLINKS);
}

/* Most entries are beside the one before. */
static char last_path[PATH_MAX];
static int last_fd = -1;
/* A folder was removed: it may be that one, or above it. */
static bool gone;

static void forget(void)
{
  if (last_fd >= 0) close(last_fd);
  last_fd = -1;
  gone = false;
}

static bool is_whiteout(int parent, const char *name)
{
  struct stat status;
  return fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

/* One level, in a folder that is there; where a layer has both a whiteout and a new folder, nothing of lower layers shows through it. */
static void make_level(int above, const char *name, const char *path)
{
  if (mkdirat(above, name, 0755) == 0) return;
  if (errno != EEXIST || !is_whiteout(above, name)) fail("kernel", errno == EEXIST ? ENOTDIR : errno, path);
  if (unlinkat(above, name, 0) < 0 || mkdirat(above, name, 0755) < 0) fail("kernel", errno, path);
  int folder cleanup_fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) fail("kernel", errno, path);
  set_opaque(folder, path);
}

/* Opens a folder of the tree, and makes what is missing of it. */
static int made_folder(char *path)
{
  int fd = open_folder(path);
  if (fd >= 0) return fd;
  if (fd != -ENOENT && fd != -ENOTDIR) fail("kernel", -fd, path);
  int above = open_folder("");
  for (char *slash = path;; slash++) {
    slash = strchrnul(slash, '/');
    char kept = *slash;
    *slash = '\0';
    int next = open_folder(path);
    if (next == -ENOENT || next == -ENOTDIR) {
      const char *name = strrchr(path, '/');
      make_level(above, name == NULL ? path : name + 1, path);
      next = open_folder(path);
    }
    if (next < 0) fail("kernel", -next, path);
    close(above);
    above = next;
    *slash = kept;
    if (kept == '\0') return above;
  }
}

static size_t split(const char *path, const char **name)
{
  const char *slash = strrchr(path, '/');
  *name = slash == NULL ? path : slash + 1;
  return slash == NULL ? 0 : (size_t)(slash - path);
}

int parent_of(const char *path, const char **name)
{
  size_t len = split(path, name);
  if (last_fd >= 0 && !gone && strlen(last_path) == len && memcmp(last_path, path, len) == 0) return last_fd;
  forget();
  memcpy(last_path, path, len);
  last_path[len] = '\0';
  last_fd = made_folder(last_path);
  return last_fd;
}

int existing_parent(const char *path, const char **name)
{
  char folder[PATH_MAX];
  size_t len = split(path, name);
  memcpy(folder, path, len);
  folder[len] = '\0';
  return open_folder(folder);
}

void clear_place(int parent, const char *name, const char *path, bool *mark)
{
  *mark = is_whiteout(parent, name);
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR) fail("kernel", errno, path);
  if (unlinkat(parent, name, AT_REMOVEDIR) < 0) fail(errno == ENOTEMPTY ? "in-place" : "kernel", errno, path);
  gone = true;
}

/*
 * For a mount in the host's user namespace, and for one in a container's; the first mark is root's alone to make, and an ordinary user
 * mounts in namespaces of its own only. https://docs.kernel.org/filesystems/overlayfs.html
 */
void set_opaque(int folder, const char *path)
{
  static const char *const NAMES[] = {"trusted.overlay.opaque", "user.overlay.opaque"};
  if (!is_layer) return;
  for (size_t i = 0; i < 2; i++)
    if (fsetxattr(folder, NAMES[i], "y", 1, 0) < 0 && (i > 0 || errno != EPERM)) fail("kernel", errno, path);
  say('o', path);
}
