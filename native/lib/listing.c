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

static int is_dots(const char *name)
{
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What is taken away meanwhile has no row. */
static int add_entry(struct rows *rows, int folder, const struct dirent64 *entry)
{
  struct stat status;
  if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 1 : -errno;
  return add_row(rows, &status, entry->d_name);
}

/* A name ended by NUL. A file system that does not say what an entry is has to be asked. */
static int add_folder(struct rows *rows, int folder, const struct dirent64 *entry)
{
  struct stat status;
  size_t len = strlen(entry->d_name) + 1, left = rows->room - rows->used;
  if (entry->d_type == DT_UNKNOWN) {
    if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 1 : -errno;
    if (!S_ISDIR(status.st_mode)) return 1;
  } else if (entry->d_type != DT_DIR) {
    return 1;
  }
  if (len < left) memcpy(rows->out + rows->used, entry->d_name, len);
  rows->used += len < left ? len : left;
  return rows->used < rows->room;
}

/* 0 where there was no room for all. */
static int each_entry(int folder, struct rows *rows, int (*add)(struct rows *rows, int folder, const struct dirent64 *entry))
{
  _Alignas(struct dirent64) char entries[4096];
  for (;;) {
    long n = syscall(SYS_getdents64, folder, entries, sizeof entries);
    if (n <= 0) return n < 0 ? -errno : 1;
    for (long at = 0; at < n;) {
      const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
      at += entry->d_reclen;
      if (is_dots(entry->d_name)) continue;
      int more = add(rows, folder, entry);
      if (more <= 0) return more;
    }
  }
}

/*
 * The thing itself, links not followed, without a name; of a folder then each thing in it. The bytes used, or -errno; `len`: there may
 * be more.
 */
int32_t list_one(const char *path, uint8_t *out, size_t len)
{
  struct rows rows = {.out = out, .room = len};
  struct stat status;
  if (lstat(path, &status) < 0) return -errno;
  int more = add_row(&rows, &status, "");
  if (more < 0) return more;
  if (!S_ISDIR(status.st_mode)) return (int32_t)rows.used;
  int folder cleanup_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return -errno;
  if (more > 0) more = each_entry(folder, &rows, add_entry);
  return more < 0 ? more : (int32_t)rows.used;
}

/* Names of the folders in a folder, each ended by NUL; links in it are none. The bytes used, or -errno; `len`: there may be more. */
int32_t list_folders(const char *path, uint8_t *out, size_t len)
{
  struct rows rows = {.out = out, .room = len};
  int folder cleanup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -errno;
  int more = each_entry(folder, &rows, add_folder);
  return more < 0 ? more : (int32_t)rows.used;
}
