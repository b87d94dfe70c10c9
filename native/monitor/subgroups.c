#define _GNU_SOURCE
#include "subgroups.h"

#include "../common/process.h"
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct linux_dirent64. getdents(2) */
struct entry {
  uint64_t inode;
  int64_t next;
  uint16_t length;
  uint8_t type;
  char name[];
};

static bool is_group(const struct entry *entry)
{
  return entry->type == DT_DIR && strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0;
}

/* The first folder in a folder; false: it has none. Without malloc(3), whose pages a monitor would keep. */
static bool find_group(int folder, char name[NAME_MAX + 1])
{
  _Alignas(struct entry) char bytes[1024];
  if (lseek(folder, 0, SEEK_SET) < 0) return false;
  for (long got; (got = syscall(SYS_getdents64, folder, bytes, sizeof bytes)) > 0;) {
    const struct entry *entry;
    for (long at = 0; at < got; at += entry->length) {
      entry = (const struct entry *)(const void *)(bytes + at);
      if (!is_group(entry)) continue;
      strcpy(name, entry->name);
      return true;
    }
  }
  return false;
}

/* One of them that has none below. A container makes them as deep as it likes: neither the stack nor descriptors may run out. */
static bool remove_one(int top)
{
  char name[NAME_MAX + 1], below[NAME_MAX + 1];
  int parent cleanup_fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
  if (parent < 0 || !find_group(parent, name)) return false;
  for (;;) {
    int group cleanup_fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (group < 0) return false;
    if (!find_group(group, below)) break;
    close(parent);
    parent = steal_fd(&group);
    strcpy(name, below);
  }
  bool removed = unlinkat(parent, name, AT_REMOVEDIR) == 0;
  fault_point();
  return removed;
}

/* "memory pids\n" is taken back by "-memory -pids". */
static void take_back_controllers(int top)
{
  char named[256], taken[2 * sizeof named];
  size_t len = 0;
  int fd cleanup_fd = openat(top, "cgroup.subtree_control", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, named, sizeof named);
  for (ssize_t n = 0; n < got; n++) {
    if (named[n] == '\n') continue;
    if (n == 0 || named[n - 1] == ' ') taken[len++] = '-';
    taken[len++] = named[n];
  }
  if (len == 0) return;
  stk_write_all(fd, taken, len);
  fault_point();
}

void remove_subgroups(const char *folder)
{
  int top cleanup_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (top < 0) return;
  while (remove_one(top)) continue;
  take_back_controllers(top);
}
