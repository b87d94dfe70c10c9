#define _GNU_SOURCE
#include "mounts.h"

#include "../common/kernel-mounts.h"
#include "../common/process.h"
#include "faults.h"
#include "fds.h"
#include "targets.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int checked(long result)
{
  return result < 0 ? -errno : (int)result;
}

static unsigned recursive(const struct mount_copy *m)
{
  return (m->flags & MS_REC) != 0 ? RECURSIVE : 0;
}

/* Opened once there is something to map; the maps are written by then. */
static int open_user_space(pid_t child, int *space)
{
  char path[PROC_PATH_LEN];
  if (*space >= 0) return 0;
  proc_path(path, child, "ns/user");
  *space = checked(open(path, O_RDONLY | O_CLOEXEC));
  return *space < 0 ? *space : 0;
}

static int show_ids(int copy, const struct mount_copy *m, pid_t child, int *space)
{
  int result = open_user_space(child, space);
  if (result < 0) return result;
  struct mount_attributes attributes = {.set = ATTRIBUTE_IDMAP, .user_namespace = (uint64_t)*space};
  return set_mount_attributes(copy, recursive(m), &attributes);
}

/* The copy of a mount that is shared on the host would be its peer: it is a slave of it, or nobody's. */
static int set_flags(int copy, const struct mount_copy *m)
{
  struct mount_attributes attributes = {.set = m->flags & ATTRIBUTE_FLAGS, .propagation = m->propagation};
  return set_mount_attributes(copy, recursive(m), &attributes);
}

static int send_mount(const struct mount_copy *m, uint32_t n, pid_t child, int *space, struct trouble *trouble)
{
  int copy cleanup_fd = copy_mount(m->source.at, recursive(m));
  if (copy < 0) return trouble_is(trouble, STAGE_MOUNT_SOURCE, n, copy);
  int result = m->idmapped ? show_ids(copy, m, child, space) : 0;
  if (result < 0) return trouble_is(trouble, STAGE_MOUNT_IDS, n, result);
  result = set_flags(copy, m);
  if (result < 0) return trouble_is(trouble, STAGE_MOUNT_FLAGS, n, result);
  result = message_send_fds(FD_SYNC, KIND_OPENED, &copy, 1);
  return result >= 0 || trouble_is(trouble, STAGE_PIPE, 0, result);
}

bool send_mounts(const struct run_record *record, pid_t child, struct trouble *trouble)
{
  const uint8_t *at = record->mounts.at;
  int space cleanup_fd = -1;
  for (uint32_t n = 0; n < record->mounts.count; n++) {
    struct mount_copy m = next_mount(&at);
    if (!send_mount(&m, n, child, &space, trouble)) return false;
    fault_point();
  }
  return true;
}

bool take_mounts(const struct run_record *record, struct trouble *trouble)
{
  for (uint32_t n = 0; n < record->mounts.count; n++) {
    int fds[MESSAGE_FDS];
    if (!message_await(FD_CHILD_SYNC, KIND_OPENED, fds, NULL, trouble)) return false;
    int fd = fd_place(fds[0], FD_MOUNTS + (int)n);
    if (fd < 0) return trouble_is(trouble, STAGE_MOUNT_SOURCE, n, fd);
  }
  return true;
}

int attach_outside(const struct setup *s)
{
  int target cleanup_fd = checked(open(s->target.at, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  return target < 0 ? target : move_mount_to(FD_MOUNTS + (int)s->flags, target);
}

/* A folder on a folder, anything else on a file. */
int attach_inside(const struct setup *s)
{
  struct stat status;
  int copy = FD_MOUNTS + (int)s->flags;
  if (fstat(copy, &status) < 0) return -errno;
  int target cleanup_fd = make_target(s->target.at, S_ISDIR(status.st_mode));
  return target < 0 ? target : move_mount_to(copy, target);
}

int mount_tmpfs(const struct setup *s)
{
  int target cleanup_fd = make_target(s->target.at, true);
  return target < 0 ? target : mount_tmpfs_on(target, (unsigned)s->flags, s->data.at);
}

int close_to_writing(const struct setup *s)
{
  int target cleanup_fd = open_target(s->target.at, O_DIRECTORY);
  if (target < 0) return target;
  struct mount_attributes attributes = {.set = MS_RDONLY};
  return set_mount_attributes(target, 0, &attributes);
}

int make_folders_inside(const struct setup *s)
{
  int folder cleanup_fd = make_target_in(FD_ROOT, s->target.at, true);
  return folder < 0 ? folder : 0;
}
