#define _GNU_SOURCE
#include "spaces.h"

#include "../common/process.h"
#include "faults.h"
#include "fds.h"
#include "identity.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
  const char *file;
  uint64_t flag;
} spaces[SPACE_COUNT] = {
    [SPACE_USER] = {"user", STK_CLONE_NEWUSER}, [SPACE_MOUNT] = {"mnt", STK_CLONE_NEWNS},
    [SPACE_PID] = {"pid", STK_CLONE_NEWPID},    [SPACE_NET] = {"net", STK_CLONE_NEWNET},
    [SPACE_UTS] = {"uts", STK_CLONE_NEWUTS},    [SPACE_IPC] = {"ipc", STK_CLONE_NEWIPC},
    [SPACE_CGROUP] = {"cgroup", STK_CLONE_NEWCGROUP},
};

enum space_mode space_mode(const struct run_record *record, enum space space)
{
  if (text_is(record->spaces[space], "new")) return SPACE_NEW;
  return text_is(record->spaces[space], "host") ? SPACE_HOST : SPACE_JOINED;
}

int space_held(enum space space)
{
  switch (space) {
    case SPACE_USER: return FD_USER;
    case SPACE_NET: return FD_NET;
    case SPACE_UTS: return FD_UTS;
    case SPACE_IPC: return FD_IPC;
    default: return -1;
  }
}

void space_path(char path[PROC_PATH_LEN], pid_t pid, enum space space)
{
  char name[16], *end = name + sizeof name;
  add_text(add_text(name, end, "ns/"), end, spaces[space].file);
  proc_path(path, pid, name);
}

/* One that cannot be looked at any more cannot be joined either: that is told then. */
uint32_t other_spaces(pid_t pid)
{
  uint64_t found = 0;
  for (enum space n = 0; n < SPACE_COUNT; n++) {
    char path[PROC_PATH_LEN];
    struct stat own, other;
    space_path(path, getpid(), n);
    int result = stat(path, &own);
    space_path(path, pid, n);
    if (result < 0 || stat(path, &other) < 0 || own.st_ino != other.st_ino) found |= spaces[n].flag;
  }
  return (uint32_t)found;
}

bool open_spaces(const struct run_record *record, struct trouble *trouble)
{
  for (int n = 0; n < SPACE_COUNT; n++) {
    if (space_mode(record, n) != SPACE_JOINED) continue;
    int fd = record->again ? fcntl(space_held(n), F_DUPFD_CLOEXEC, 0) : open(record->spaces[n].at, O_RDONLY | O_CLOEXEC);
    fd = fd_place(fd < 0 ? -errno : fd, FD_SPACES + n);
    if (fd < 0) return trouble_is(trouble, STAGE_JOIN, (uint32_t)n, fd);
  }
  return true;
}

static bool joins(const struct run_record *record)
{
  for (int n = 0; n < SPACE_COUNT; n++)
    if (space_mode(record, n) == SPACE_JOINED) return true;
  return false;
}

/* A new cgroup namespace is not among them: its root is where its maker stands, so the child makes it once it is there. */
static uint64_t new_spaces(const struct run_record *record)
{
  uint64_t flags = 0;
  for (int n = 0; n < SPACE_COUNT; n++)
    if (n != SPACE_CGROUP && space_mode(record, n) == SPACE_NEW) flags |= spaces[n].flag;
  return flags;
}

/*
 * From within a joined cgroup namespace nothing may be born outside of it; and into a group that was once killed as a whole (cgroup.kill) the
 * kernel lets no process be born alive (seen on Linux 6.18), though one may enter it.
 */
bool enters_cgroup2(const struct run_record *record)
{
  return record->cgroup2.len > 0 && (record->again || space_mode(record, SPACE_CGROUP) == SPACE_JOINED);
}

static void into_cgroup(const struct run_record *record, struct stk_clone_args *args)
{
  if (record->cgroup2.len == 0 || enters_cgroup2(record)) return;
  args->flags |= STK_CLONE_INTO_CGROUP;
  args->cgroup = FD_CGROUP2;
}

/*
 * The user namespace last: in it nothing is left of the power to enter the others. Of the rest the mount namespace is last,
 * as it takes away all paths.
 */
static bool join_all(const struct run_record *record, struct trouble *trouble)
{
  static const enum space order[] = {SPACE_CGROUP, SPACE_IPC, SPACE_UTS, SPACE_NET, SPACE_PID, SPACE_MOUNT, SPACE_USER};
  for (size_t n = 0; n < SPACE_COUNT; n++) {
    enum space space = order[n];
    if (space_mode(record, space) != SPACE_JOINED) continue;
    if (setns(FD_SPACES + space, (int)spaces[space].flag) < 0) return trouble_is(trouble, STAGE_JOIN, space, errno);
    close(FD_SPACES + space);
    fault_point();
  }
  return true;
}

/*
 * The process in between: it joins, and makes the child as a sister of its own (CLONE_PARENT), so that it is the monitor
 * that waits for it. What is new is made in what was joined: a new network belongs to a joined user namespace.
 */
static _Noreturn void join(const struct run_record *record, child_main *child)
{
  struct trouble trouble;
  faults_begin("beside");
  stay_bound();
  close(FD_SYNC);
  if (!join_all(record, &trouble)) {
    message_send_failure(FD_CHILD_SYNC, &trouble);
    _exit(1);
  }
  /* clone3(2): with CLONE_PARENT it is the joiner's own exit signal that the child gets. */
  struct stk_clone_args args = {.flags = new_spaces(record) | CLONE_PARENT};
  into_cgroup(record, &args);
  int pid = stk_clone3(&args);
  if (pid == 0) child(record);
  fault_point();
  if (pid > 0) message_send(FD_CHILD_SYNC, KIND_BORN, (uint32_t)pid, 0, 0);
  else message_send(FD_CHILD_SYNC, KIND_FAILED, STAGE_CLONE, 0, (uint32_t)-pid);
  _exit(pid > 0 ? 0 : 1);
}

pid_t make_child(const struct run_record *record, child_main *child, bool *joiner, struct trouble *trouble)
{
  struct stk_clone_args args = {.exit_signal = SIGCHLD};
  *joiner = joins(record);
  if (!*joiner) {
    args.flags = new_spaces(record);
    into_cgroup(record, &args);
  }
  int pid = stk_clone3(&args);
  if (pid < 0) {
    trouble_is(trouble, STAGE_CLONE, 0, pid);
    return 0;
  }
  if (pid == 0 && *joiner) join(record, child);
  if (pid == 0) child(record);
  return pid;
}
