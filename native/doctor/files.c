#define _GNU_SOURCE
#include "doctor.h"
#include "../common/kernel-mounts.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lower, upper and work layer on a tmpfs that goes with the namespace; then a file is written through the overlay. */
static int mount_overlay(const char *options)
{
  static const char *const folders[] = {"/tmp/lower", "/tmp/upper", "/tmp/work", "/tmp/merged"};
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return -errno;
  if (mount("doctor", "/tmp", "tmpfs", 0, "size=64k") < 0) return -errno;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
    if (mkdir(folders[i], 0700) < 0) return -errno;
  if (mount("doctor", "/tmp/merged", "overlay", 0, options) < 0) return -errno;
  int fd cleanup_fd = open("/tmp/merged/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  return fd < 0 ? -errno : 0;
}

/* `user`: as the root of a user namespace, whose marks are `user.*` attributes. */
int try_overlay(const char *what, struct outcome *outcome)
{
#define LAYERS "lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work"
  int user = strcmp(what, "user") == 0;
  int result = user ? enter_as_user(STK_CLONE_NEWNS, outcome) : enter(STK_CLONE_NEWNS, outcome);
  if (result < 0) return result;
  return mount_overlay(outcome->in_user_namespace ? LAYERS ",userxattr" : LAYERS);
}

/* A user namespace that maps ids beyond this process's own: where it may not, its own alone. A descriptor. */
static int mapped_namespace(void)
{
  char path[48];
  int ready[2], result = 0;
  char byte = 0;
  if (pipe2(ready, O_CLOEXEC) < 0) return -errno;
  pid_t pid = fork();
  if (pid == 0) {
    struct outcome ignored;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    byte = (char)-enter_as_user(0, &ignored);
    stk_write_all(ready[1], &byte, 1);
    pause();
    _exit(0);
  }
  if (pid < 0) return -errno;
  if (stk_read_all(ready[0], &byte, 1) != 1) byte = ECHILD;
  snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
  if (byte != 0) result = -byte;
  else if ((result = open(path, O_RDONLY | O_CLOEXEC)) < 0) result = -errno;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  return result;
}

/* mount --bind -o X-mount.idmap PATH: of a copy of that mount which is nowhere attached, so that nothing of the folder changes. */
int try_idmapped(const char *path, struct outcome *outcome)
{
  int result = enter(STK_CLONE_NEWNS, outcome);
  if (result < 0) return result;
  int user cleanup_fd = mapped_namespace();
  if (user < 0) return user;
  /* A user namespace may not show what is mounted over: so it takes what is mounted below along. */
  int tree cleanup_fd = copy_mount(path, RECURSIVE);
  if (tree < 0) return tree;
  struct mount_attributes attributes = {.set = ATTRIBUTE_IDMAP, .user_namespace = (uint64_t)user};
  return set_mount_attributes(tree, 0, &attributes);
}
