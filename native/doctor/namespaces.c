#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* linux/capability.h */
#define CAPABILITY_VERSION_3 0x20080522
#define CAP_SETFCAP 31

/* Who is root of the namespace above, and lacks what it takes to map that id. user_namespaces(7), Linux 5.12 */
static bool may_not_map_itself(void)
{
  struct {
    uint32_t version;
    int pid;
  } header = {CAPABILITY_VERSION_3, 0};
  struct {
    uint32_t effective, permitted, inheritable;
  } words[2];
  return geteuid() == 0 && syscall(SYS_capget, &header, words) == 0 && (words[0].effective >> CAP_SETFCAP & 1) == 0;
}

/* Which such a one is root of another namespace as. */
#define ANOTHER_ID 1

/* Stays outside, and maps when it is told to: what came of it is the last byte. */
static _Noreturn void map_from_outside(pid_t pid, int go, int done)
{
  char path[48], map[24], byte;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (stk_read_all(go, &byte, 1) != 1) _exit(1);
  snprintf(map, sizeof map, "0 %d 1", ANOTHER_ID);
  snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
  int result = write_file(path, map);
  snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
  if (result >= 0) result = write_file(path, map);
  byte = (char)(result < 0 ? -result : 0);
  stk_write_all(done, &byte, 1);
  _exit(0);
}

/* From then on with the ids that are mapped. A change of ids makes it one that nobody may look into, and forgets its parent's death. prctl(2) */
static int become_root(void)
{
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) return -errno;
  prctl(PR_SET_DUMPABLE, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return 0;
}

static int enter_as_another(void)
{
  int go[2], done[2];
  char byte = 0;
  if (pipe2(go, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0) return -errno;
  pid_t self = getpid(), mapper = fork();
  if (mapper == 0) map_from_outside(self, go[0], done[1]);
  if (mapper < 0) return -errno;
  int result = unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
  if (result == 0 && (stk_write_all(go[1], &byte, 1) < 0 || close(done[1]) < 0 || stk_read_all(done[0], &byte, 1) != 1)) result = -ECHILD;
  if (result == 0) result = -byte;
  kill(mapper, SIGKILL);
  waitpid(mapper, NULL, 0);
  return result < 0 ? result : become_root();
}

static int enter_as_itself(void)
{
  uid_t uid = geteuid();
  gid_t gid = getegid();
  return unshare(CLONE_NEWUSER) < 0 ? -errno : map_self(uid, gid);
}

int enter_as_user(uint64_t namespaces, struct outcome *outcome)
{
  outcome->in_user_namespace = 1;
  int result = may_not_map_itself() ? enter_as_another() : enter_as_itself();
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
    bool another = may_not_map_itself();
    int result = enter_as_user(0, outcome);
    outcome->in_user_namespace = 0;
    if (another && result == 0) snprintf(outcome->text, sizeof outcome->text, "but for host id 0, which takes CAP_SETFCAP to map");
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
