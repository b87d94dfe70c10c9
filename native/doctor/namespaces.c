#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int write_file(const char *path, const char *text)
{
  int fd cleanup_fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  return stk_write_all(fd, text, strlen(text));
}

/* Root inside is who this process is outside; more may nobody map for itself. user_namespaces(7) */
static int map_self(uid_t uid, gid_t gid)
{
  char map[64];
  int result = write_file("/proc/self/setgroups", "deny");
  if (result < 0 && result != -ENOENT) return result;
  snprintf(map, sizeof map, "0 %u 1", uid);
  result = write_file("/proc/self/uid_map", map);
  if (result < 0) return result;
  snprintf(map, sizeof map, "0 %u 1", gid);
  return write_file("/proc/self/gid_map", map);
}

int enter_as_user(uint64_t namespaces, struct outcome *outcome)
{
  uid_t uid = geteuid();
  gid_t gid = getegid();
  outcome->in_user_namespace = 1;
  if (unshare(CLONE_NEWUSER) < 0) return -errno;
  int result = map_self(uid, gid);
  if (result < 0) return result;
  return namespaces != 0 && unshare((int)namespaces) < 0 ? -errno : 0;
}

int enter(uint64_t namespaces, struct outcome *outcome)
{
  if (unshare((int)namespaces) == 0) return 0;
  return errno == EPERM ? enter_as_user(namespaces, outcome) : -errno;
}

/* A pid or time namespace is entered by the next child only: it counts when that has lived. */
static int make_child(void)
{
  pid_t pid = fork();
  int status;
  if (pid == 0) _exit(0);
  if (pid < 0) return -errno;
  return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -ECHILD;
}

int try_namespace(const char *what, struct outcome *outcome)
{
  static const struct {
    const char *name;
    uint64_t flag;
  } kinds[] = {
      {"mount", STK_CLONE_NEWNS}, {"pid", STK_CLONE_NEWPID}, {"net", STK_CLONE_NEWNET},   {"uts", STK_CLONE_NEWUTS},
      {"ipc", STK_CLONE_NEWIPC},  {"time", STK_CLONE_NEWTIME}, {"cgroup", STK_CLONE_NEWCGROUP},
  };
  if (strcmp(what, "user") == 0) {
    int result = enter_as_user(0, outcome);
    outcome->in_user_namespace = 0;
    return result;
  }
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(what, kinds[i].name) != 0) continue;
    int result = enter(kinds[i].flag, outcome);
    return result < 0 ? result : make_child();
  }
  return -EINVAL;
}

/* HELPER START COUNT: newuidmap(1) or newgidmap(1) gives these ids to a namespace beside this process. */
int try_subordinate_ids(const char *what, struct outcome *outcome)
{
  char helper[64], first[24], count[24], pid_text[24];
  int ready[2], status;
  char byte;
  if (sscanf(what, "%63s %23s %23s", helper, first, count) != 3) return -EINVAL;
  if (pipe2(ready, O_CLOEXEC) < 0) return -errno;
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    byte = unshare(CLONE_NEWUSER) < 0 ? (char)errno : 0;
    stk_write_all(ready[1], &byte, 1);
    pause();
    _exit(0);
  }
  if (pid < 0 || stk_read_all(ready[0], &byte, 1) != 1) return -ECHILD;
  pid_t worker = byte != 0 ? -1 : fork();
  if (worker == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 1);
    dup2(null, 2);
    snprintf(pid_text, sizeof pid_text, "%d", pid);
    execlp(helper, helper, pid_text, "0", first, count, (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
  }
  int result = worker < 0 ? -(byte != 0 ? byte : EAGAIN) : waitpid(worker, &status, 0) == worker ? status : -ECHILD;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  if (result <= 0) return result;
  snprintf(outcome->text, sizeof outcome->text, "%s ended with status %d", helper, WEXITSTATUS(result));
  return WIFEXITED(result) && WEXITSTATUS(result) == 127 ? -ENOENT : -EPERM;
}
