#define _GNU_SOURCE
#include "../common/make-target.h"
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A pipe in its place, to which nobody writes, is as good as empty. */
static int32_t read_file(const char *path, uint8_t *out, size_t len)
{
  int fd cleanup_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return -errno;
  return (int32_t)stk_read_all(fd, out, len);
}

static int32_t write_file(const char *path, const uint8_t *data, size_t len)
{
  int fd cleanup_fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return -errno;
  /* One write(2): a sysctl takes a value whole or not at all. */
  ssize_t n = write(fd, data, len);
  if (n < 0) return -errno;
  return (size_t)n == len ? 0 : -EIO;
}

/*
 * /proc/sys answers for the namespaces of the task that opens, reads and writes: so the thread goes there and back
 * inside one call, while JavaScript cannot start anything from it.
 */
EXPORT int32_t stk_read_in(const char *ns1, const char *ns2, const char *path, uint8_t *out, int32_t len)
{
  struct visit visit;
  if (len < 0) return -EINVAL;
  int32_t result = visit_begin(&visit, ns1, ns2);
  if (result < 0) return result;
  result = read_file(path, out, (size_t)len);
  visit_end(&visit);
  return result;
}

/* For this thread alone: setresuid(3) would have all threads of the process do it. */
static int become_user(uid_t user)
{
  return syscall(SYS_setresuid, (uid_t)-1, user, (uid_t)-1) < 0 ? -errno : 0;
}

/*
 * A sysctl of an ipc namespace lets in whom its mode lets in, by effective id and without a look at capabilities
 * (ipc_permissions in ipc/ipc_sysctl.c): that is the root of the user namespace it belongs to, whom the file's owner tells.
 */
static int32_t write_as_owner(const char *path, const uint8_t *data, size_t len)
{
  struct stat file;
  uid_t home = geteuid();
  if (stat(path, &file) < 0) return -errno;
  if (file.st_uid == home) return -EACCES;
  int32_t result = become_user(file.st_uid);
  if (result < 0) return result;
  result = write_file(path, data, len);
  if (become_user(home) < 0) abort();
  return result;
}

EXPORT int32_t stk_write_in(const char *ns1, const char *ns2, const char *path, const uint8_t *data, int32_t len)
{
  struct visit visit;
  if (len < 0) return -EINVAL;
  int32_t result = visit_begin(&visit, ns1, ns2);
  if (result < 0) return result;
  result = write_file(path, data, (size_t)len);
  if (result == -EACCES) result = write_as_owner(path, data, (size_t)len);
  visit_end(&visit);
  return result;
}

/* Of `/proc/PID/root/etc/hosts` the length of `/proc/PID/root`: a path in the root of a process. 0 of any other. */
static size_t root_in(const char *path)
{
  if (strncmp(path, "/proc/", 6) != 0) return 0;
  size_t pid = strspn(path + 6, "0123456789");
  return pid > 0 && strncmp(path + 6 + pid, "/root/", 6) == 0 ? 6 + pid + 5 : 0;
}

/* Links are those of that root, whatever a container has made of them: of none the host's way is gone, and none is told to the host as a failure. */
static int status_inside(const char *path, size_t len, struct stat *status)
{
  char root[32];
  if (len >= sizeof root) return -ENOENT;
  memcpy(root, path, len);
  root[len] = '\0';
  int top cleanup_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (top < 0) return -errno;
  int place cleanup_fd = follow_in(top, path + len);
  return place < 0 || fstat(place, status) < 0 ? -ENOENT : 0;
}

/* Which file it is, and not what is in it: opening one could take long. */
static int32_t identity(const char *path, uint8_t *out, size_t len)
{
  struct stat status;
  char text[64];
  size_t root = root_in(path);
  int result = root > 0 ? status_inside(path, root, &status) : stat(path, &status) < 0 ? -errno : 0;
  if (result < 0) return result;
  int n = snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
  if ((size_t)n > len) return -ENOBUFS;
  memcpy(out, text, (size_t)n);
  return n;
}

/* One path's text: "@PATH" is what the symbolic link says, "=PATH" which file it is, "%PATH" what sort of thing it is and what is in it, "+PATH" which folders are in it. The length, or -errno; `len` bytes: there may be more. */
int32_t read_one(const char *path, uint8_t *out, size_t len)
{
  if (path[0] == '=') return identity(path + 1, out, len);
  if (path[0] == '%') return list_one(path + 1, out, len);
  if (path[0] == '+') return list_folders(path + 1, out, len);
  if (path[0] != '@') return read_file(path, out, len);
  ssize_t n = readlink(path + 1, (char *)out, len);
  return n < 0 ? -errno : (int32_t)n;
}

/*
 * Many small files in one call. `paths`: each ended by NUL. `out`: for each an int32_t length or -errno, then so many
 * bytes, one behind the other. The bytes used, or -ENOBUFS where `out` is too small for all.
 */
EXPORT int32_t stk_read_files(const uint8_t *paths, int32_t len, uint8_t *out, int32_t out_len)
{
  if (len < 0 || out_len < 0 || (len > 0 && paths[len - 1] != '\0')) return -EINVAL;
  const char *path = (const char *)paths, *end = path + len;
  size_t used = 0, size = (size_t)out_len;
  while (path < end) {
    int32_t result;
    /* One byte is left over on purpose: a text that fills all the room may have been cut. */
    if (size - used < sizeof result + 1) return -ENOBUFS;
    size_t room = size - used - sizeof result;
    result = read_one(path, out + used + sizeof result, room);
    if (result >= 0 && (size_t)result == room) return -ENOBUFS;
    memcpy(out + used, &result, sizeof result);
    used += sizeof result + (result > 0 ? (size_t)result : 0);
    path += strlen(path) + 1;
  }
  return (int32_t)used;
}

/*
 * An open file description lock on a file that is made where it is not there (mode 0600). The descriptor, or -EAGAIN
 * where another holds it. It is free again when the descriptor is closed, in whatever way its process ends.
 */
EXPORT int32_t stk_lock(const char *path)
{
  for (;;) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat mine, named;
    int fd cleanup_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (fd < 0) return -errno;
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) return errno == EACCES ? -EAGAIN : -errno;
    if (fstat(fd, &mine) < 0) return -errno;
    /* The one before us may have removed the file between our open and our lock: then nobody else sees our lock. */
    if (lstat(path, &named) == 0 && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino) return steal_fd(&fd);
  }
}

/*
 * ext4 puts a new folder beside the folder it is made in, and looks there past every inode that was freed within the last
 * minutes (recently_deleted in fs/ext4/ialloc.c, where there is no journal): a hundred layers made soon after a hundred were removed
 * pay for each of those. Folders in one of this flag get a place of their own. A hint: no file system need know it.
 */
EXPORT int32_t stk_spread(const char *path)
{
  int flags;
  int fd cleanup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -errno;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_TOPDIR_FL) != 0) return 0;
  flags |= FS_TOPDIR_FL;
  ioctl(fd, FS_IOC_SETFLAGS, &flags);
  return 0;
}
