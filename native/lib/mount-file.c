#define _GNU_SOURCE
#include "../common/kernel-mounts.h"
#include "../common/make-target.h"
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many of ours as may lie over each other at one place: a bound for the case that a container puts them back. */
#define MOST_LAYERS 16

struct job {
  int copy; /* of the file that is to be seen, attached nowhere; -1 is none */
  int descriptors; /* the folder of this process's open files, on the host's procfs */
  dev_t device;
  const char *target;
};

/* 1: it is the root of a mount, and of the file system of our own files. */
static int is_ours(int fd, dev_t device)
{
  struct statx about;
  struct stat status;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_INO, &about) < 0 || fstat(fd, &status) < 0) return -errno;
  return (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 && status.st_dev == device;
}

/* By its descriptor, through the host's procfs: by its name it could be something else by now, such as what masks a file of /proc. */
static int take_away(struct job *job, int root)
{
  for (int n = 0; n < MOST_LAYERS; n++) {
    char name[16];
    int there cleanup_fd = follow_in(root, job->target);
    if (there == -ENOENT) return 0;
    int ours = there < 0 ? there : is_ours(there, job->device);
    if (ours <= 0) return ours;
    snprintf(name, sizeof name, "%d", there);
    if (fchdir(job->descriptors) < 0 || umount2(name, MNT_DETACH) < 0) return -errno;
  }
  return -ELOOP;
}

/* What is missing the container's root makes: the file system of a user namespace takes no files of ids that it does not know. */
static int show(struct job *job, int root)
{
  struct stat status;
  if (fstat(root, &status) < 0) return -errno;
  act_as(status.st_uid, status.st_gid);
  int there cleanup_fd = make_target_in(root, job->target, false);
  return there < 0 ? there : move_mount_to(job->copy, there);
}

static int32_t take_and_show(int root, void *arg)
{
  struct job *job = arg;
  int result = take_away(job, root);
  return result < 0 || job->copy < 0 ? result : show(job, root);
}

static int copy_of(const char *source)
{
  int copy cleanup_fd = copy_mount(source, 0);
  if (copy < 0) return copy;
  struct mount_attributes attributes = {.set = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, .propagation = MS_PRIVATE};
  int result = set_mount_attributes(copy, 0, &attributes);
  return result < 0 ? result : steal_fd(&copy);
}

/*
 * Has the file `source` seen, read-only, at `target` in the mount namespace of exactly this process, in the place of what is mounted there
 * of the file system of `folder`. `source` may be "": then that is only taken away.
 */
EXPORT int32_t stk_mount_file(int32_t pid, const char *start_time, const char *source, const char *target, const char *folder)
{
  struct stat home;
  if (stat(folder, &home) < 0) return -errno;
  int process cleanup_fd = stk_pidfd_open(pid, start_time);
  if (process < 0) return process;
  int descriptors cleanup_fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptors < 0) return -errno;
  int copy cleanup_fd = source[0] == '\0' ? -1 : copy_of(source);
  if (source[0] != '\0' && copy < 0) return copy;
  struct job job = {.copy = copy, .descriptors = descriptors, .device = home.st_dev, .target = target};
  return among_mounts(process, take_and_show, &job);
}
