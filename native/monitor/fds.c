#define _GNU_SOURCE
#include "fds.h"

#include "../common/process.h"
#include "../common/weakened.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

int fd_place(int fd, int number)
{
  if (fd < 0 || fd == number) return fd;
  int placed = dup3(fd, number, O_CLOEXEC) < 0 ? -errno : number;
  close(fd);
  return placed;
}

void close_ways_out(void)
{
  if (weakened("ways-out") || weakened("descriptors")) return;
  stk_close_range(FD_CGROUP2, FD_ROOT, 0);
  stk_close_range(FD_TASKS, ~0U, 0);
}

int cgroup_enter(int fd)
{
  return write(fd, "0", 1) < 0 ? -errno : 0;
}

int cgroup_open(const char *folder, const char *name)
{
  char path[PATH_MAX];
  const char *end = path + sizeof path;
  char *at = add_text(path, end, folder);
  if (name != NULL) at = add_text(add_text(at, end, "/"), end, name);
  if (at == end - 1) return -ENAMETOOLONG;
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  return fd < 0 ? -errno : fd;
}
