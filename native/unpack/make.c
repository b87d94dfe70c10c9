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

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define XATTR "SCHILY.xattr."
/* linux/limits.h */
#define XATTR_NAME_LEN 255

static uint64_t devices;

static void skip_contents(const struct entry *entry)
{
  skip_bytes(entry->size, entry->path);
  skip_padding(entry->size, entry->path);
}

/*
 * What an image may say of its files. Not what steers overlayfs (`trusted.overlay.*`, `user.overlay.*`), nor what is for the
 * host's own eyes.
 */
static bool is_allowed(const char *name)
{
  if (strncmp(name, "user.", 5) == 0) return strncmp(name, "user.overlay.", 13) != 0;
  return strcmp(name, "security.capability") == 0 || strcmp(name, "system.posix_acl_access") == 0 ||
         strcmp(name, "system.posix_acl_default") == 0;
}

static void set_xattrs(int fd, const struct entry *entry)
{
  size_t at = 0, len;
  const char *name, *value;
  while (next_record(entry, &at, &name, &value, &len)) {
    char xattr[XATTR_NAME_LEN + 1];
    size_t name_len = (size_t)(value - 1 - name);
    if (name_len <= strlen(XATTR) || strncmp(name, XATTR, strlen(XATTR)) != 0) continue;
    name_len -= strlen(XATTR);
    if (name_len >= sizeof xattr) fail("malformed", 0, entry->path);
    memcpy(xattr, name + strlen(XATTR), name_len);
    xattr[name_len] = '\0';
    if (!is_allowed(xattr) || fsetxattr(fd, xattr, value, len, 0) == 0) continue;
    /* A file system without such attributes has none to lose. */
    if (errno != ENOTSUP) fail("kernel", errno, entry->path);
  }
}

/* Owner, then mode and attributes: a change of owner takes set-user-id bits and capabilities away. */
static void set_own(int fd, const struct entry *entry)
{
  if (fchown(fd, entry->uid, entry->gid) < 0 || fchmod(fd, entry->mode) < 0) fail("kernel", errno, entry->path);
  if (entry->pax_len > 0) set_xattrs(fd, entry);
}

static void make_file(const struct entry *entry, int parent, const char *name)
{
  bool mark;
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd cleanup_fd = openat(parent, name, flags, 0600);
  if (fd < 0 && errno == EEXIST) {
    clear_place(parent, name, entry->path, &mark);
    fd = openat(parent, name, flags, 0600);
  }
  if (fd < 0) fail("kernel", errno, entry->path);
  for (uint64_t left = entry->size; left > 0;) {
    size_t count;
    const char *bytes = next_bytes(left, &count, entry->path);
    int result = stk_write_all(fd, bytes, count);
    if (result < 0) fail("kernel", -result, entry->path);
    left -= count;
  }
  skip_padding(entry->size, entry->path);
  set_own(fd, entry);
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = entry->seconds, .tv_nsec = entry->nanoseconds}};
  if (futimens(fd, times) < 0) fail("kernel", errno, entry->path);
}

static void make_folder(const struct entry *entry, int parent, const char *name)
{
  bool mark = false, is_top = entry->path[0] == '\0';
  struct stat status;
  if (!is_top && mkdirat(parent, name, 0700) < 0) {
    if (errno != EEXIST || fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) fail("kernel", errno, entry->path);
    if (!S_ISDIR(status.st_mode)) {
      clear_place(parent, name, entry->path, &mark);
      if (mkdirat(parent, name, 0700) < 0) fail("kernel", errno, entry->path);
    }
  }
  int fd cleanup_fd = openat(is_top ? FD_TOP : parent, is_top ? "." : name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) fail("kernel", errno, entry->path);
  if (mark) set_opaque(fd, entry->path);
  set_own(fd, entry);
  remember_times(entry->path, entry->seconds, entry->nanoseconds);
}

static void make_symlink(const struct entry *entry, int parent, const char *name)
{
  bool mark;
  clear_place(parent, name, entry->path, &mark);
  if (symlinkat(entry->link, parent, name) < 0) fail("kernel", errno, entry->path);
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = entry->seconds, .tv_nsec = entry->nanoseconds}};
  if (fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
      utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
    fail("kernel", errno, entry->path);
}

static void make_link(struct entry *entry, int parent, const char *name)
{
  const char *target;
  bool mark;
  normalise(entry->link);
  if (strcmp(entry->link, entry->path) == 0) return;
  int from cleanup_fd = existing_parent(entry->link, &target);
  if (from < 0) fail("hard-link", -from, entry->path);
  struct stat status;
  if (fstatat(from, target, &status, AT_SYMLINK_NOFOLLOW) < 0) fail("hard-link", errno, entry->path);
  clear_place(parent, name, entry->path, &mark);
  if (linkat(from, target, parent, name, 0) < 0) fail("hard-link", errno, entry->path);
}

static void make_fifo(const struct entry *entry, int parent, const char *name)
{
  bool mark;
  clear_place(parent, name, entry->path, &mark);
  if (mknodat(parent, name, S_IFIFO | 0600, 0) < 0 || fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
      fchmodat(parent, name, entry->mode, 0) < 0)
    fail("kernel", errno, entry->path);
}

/* `.wh.NAME`: lower layers' NAME is gone. `.wh..wh..opq`: all that they have in this folder is. */
static void make_whiteout(const struct entry *entry, int parent, const char *name)
{
  if (strcmp(name, OPAQUE) == 0) {
    char folder[PATH_MAX];
    size_t len = strlen(entry->path) - strlen(OPAQUE);
    memcpy(folder, entry->path, len);
    folder[len == 0 ? 0 : len - 1] = '\0';
    set_opaque(parent, folder);
    return;
  }
  const char *gone = name + strlen(WHITEOUT);
  /* aufs's own files. */
  if (strncmp(gone, WHITEOUT, strlen(WHITEOUT)) == 0) return;
  if (gone[0] == '\0' || strcmp(gone, ".") == 0 || strcmp(gone, "..") == 0) fail("escapes", 0, entry->path);
  if (mknodat(parent, gone, S_IFCHR, 0) == 0) return;
  if (errno != EEXIST) fail("kernel", errno, entry->path);
  /* The layer has it anew: a folder hides what is below it, anything else does so by itself. */
  int folder cleanup_fd = openat(parent, gone, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return;
  char path[PATH_MAX];
  size_t len = (size_t)(name - entry->path) - (name == entry->path ? 0 : 1);
  memcpy(path, entry->path, len);
  if (len > 0) path[len++] = '/';
  memcpy(path + len, gone, strlen(gone) + 1);
  set_opaque(folder, path);
}

static void count(const struct entry *entry, struct bounds *bounds)
{
  if (bounds->entries-- == 0) fail("too-many", 0, entry->path);
  bool fits = entry->size <= bounds->bytes;
  if (!fits && !weakened("bounds")) fail("too-large", 0, entry->path);
  bounds->bytes -= fits ? entry->size : bounds->bytes;
}

/* v7's folders are files whose name ends so. */
static char type_of(const struct entry *entry)
{
  size_t len = strlen(entry->path);
  bool is_file = entry->type == '\0' || entry->type == '0' || entry->type == '7';
  return is_file ? (len > 0 && entry->path[len - 1] == '/' ? '5' : '0') : entry->type;
}

void make_entry(struct entry *entry, struct bounds *bounds)
{
  const char *name;
  char type = type_of(entry);
  normalise(entry->path);
  count(entry, bounds);
  if (entry->path[0] == '\0' && type != '5') fail("escapes", 0, "");
  int parent = entry->path[0] == '\0' ? FD_TOP : parent_of(entry->path, &name);
  if (entry->path[0] == '\0') name = "";
  if (is_layer && strncmp(name, WHITEOUT, strlen(WHITEOUT)) == 0) {
    make_whiteout(entry, parent, name);
    skip_contents(entry);
    return;
  }
  switch (type) {
    case '0': make_file(entry, parent, name); return;
    case '1': make_link(entry, parent, name); break;
    case '2': make_symlink(entry, parent, name); break;
    /* No mount of an image opens devices: they would only be there on the host's disk. */
    case '3':
    case '4': devices++; break;
    case '5': make_folder(entry, parent, name); break;
    case '6': make_fifo(entry, parent, name); break;
    case 'S': fail("sparse", 0, entry->path);
    default: fail("unknown-type", 0, entry->path);
  }
  skip_contents(entry);
}

uint64_t devices_left_out(void)
{
  return devices;
}
