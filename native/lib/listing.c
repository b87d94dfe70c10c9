#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rows that were written, and the room there is. */
struct rows {
  uint8_t *out;
  size_t used;
  size_t room;
};

/* `MODE UID NAME`, the mode in octal with the kind of file in it, ended by NUL. A row that has no room fills what there is. */
static int add_row(struct rows *rows, const struct stat *status, const char *name)
{
  size_t left = rows->room - rows->used;
  int n = snprintf((char *)rows->out + rows->used, left, "%o %u %s", (unsigned)status->st_mode, (unsigned)status->st_uid, name);
  if (n < 0) return -EIO;
  rows->used += (size_t)n < left ? (size_t)n + 1 : left;
  return rows->used < rows->room;
}

/* What is taken away meanwhile has no row. */
static int add_entries(struct rows *rows, int folder, const char *entries, size_t len)
{
  for (size_t at = 0; at < len;) {
    const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
    struct stat status;
    at += entry->d_reclen;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
      if (errno == ENOENT) continue;
      return -errno;
    }
    int more = add_row(rows, &status, entry->d_name);
    if (more <= 0) return more;
  }
  return 1;
}

/*
 * The thing itself, links not followed, without a name; of a folder then each thing in it. The bytes used, or -errno; `len`: there may
 * be more.
 */
int32_t list_one(const char *path, uint8_t *out, size_t len)
{
  _Alignas(struct dirent64) char entries[4096];
  struct rows rows = {.out = out, .room = len};
  struct stat status;
  if (lstat(path, &status) < 0) return -errno;
  int more = add_row(&rows, &status, "");
  if (more < 0) return more;
  if (!S_ISDIR(status.st_mode)) return (int32_t)rows.used;
  int folder cleanup_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return -errno;
  while (more > 0) {
    long n = syscall(SYS_getdents64, folder, entries, sizeof entries);
    if (n < 0) return -errno;
    if (n == 0) break;
    more = add_entries(&rows, folder, entries, (size_t)n);
  }
  return more < 0 ? more : (int32_t)rows.used;
}
