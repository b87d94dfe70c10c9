#define _GNU_SOURCE
#include "given.h"

#include "../common/kernel-mounts.h"
#include "../common/process.h"
#include "fds.h"
#include "targets.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static struct given nth(const struct list *given, uint32_t n)
{
  const uint8_t *at = given->at;
  struct given g = next_given(&at);
  while (n-- > 0) g = next_given(&at);
  return g;
}

/* In the folder that is kept for it (`source`), by its number. */
static int write_file(int folder, const char *name, const struct given *g)
{
  int file cleanup_fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return -errno;
  int result = stk_write_all(file, g->bytes, g->len);
  if (result < 0) return result;
  return fchown(file, g->uid, g->gid) < 0 || fchmod(file, g->mode) < 0 ? -errno : 0;
}

int give_file(const struct setup *s, const struct list *given)
{
  char number[16];
  if (s->flags >= given->count) return -EINVAL;
  struct given g = nth(given, s->flags);
  add_number(number, number + sizeof number, s->flags, 1);
  int folder cleanup_fd = open_target(s->source.at, O_DIRECTORY);
  if (folder < 0) return folder;
  int real cleanup_fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = real < 0 ? -errno : write_file(real, number, &g);
  if (result < 0) return result;
  int file cleanup_fd = openat(real, number, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return -errno;
  int copy cleanup_fd = copy_mount_of(file);
  if (copy < 0) return copy;
  /* A script is executed where its mode says that it may be, and the folder that it is kept in is none for that. */
  uint64_t executed = (g.mode & 0111) == 0 ? 0 : MS_NOEXEC;
  uint64_t forbidden = (MS_NOSUID | MS_NODEV | MS_NOEXEC | (g.read_only ? MS_RDONLY : 0)) & ~executed;
  struct mount_attributes attributes = {.set = forbidden, .clear = executed};
  result = set_mount_attributes(copy, 0, &attributes);
  if (result < 0) return result;
  int target cleanup_fd = make_target(s->target.at, false);
  return target < 0 ? target : move_mount_to(copy, target);
}

int unmount_folder(const struct setup *s)
{
  char parent[PATH_MAX];
  const char *name = strrchr(s->target.at, '/');
  if (name == NULL || s->target.len >= sizeof parent) return -EINVAL;
  memcpy(parent, s->target.at, (size_t)(name - s->target.at));
  parent[name - s->target.at] = '\0';
  int above cleanup_fd = open_target(parent, O_DIRECTORY);
  int folder cleanup_fd = open_target(s->target.at, O_DIRECTORY);
  if (above < 0 || folder < 0) return above < 0 ? above : folder;
  if (fchdir(folder) < 0 || umount2(".", MNT_DETACH) < 0 || fchdir(above) < 0) return -errno;
  return unlinkat(above, name + 1, AT_REMOVEDIR) < 0 ? -errno : 0;
}
