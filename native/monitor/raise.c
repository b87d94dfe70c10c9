#define _GNU_SOURCE
#include "raise.h"

#include "../common/process.h"
#include "child.h"
#include "faults.h"
#include "fds.h"
#include "identity.h"
#include "mounts.h"
#include "paths.h"
#include "spaces.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int checked(long result)
{
  return result < 0 ? -errno : (int)result;
}

/* The child's cgroups, opened with the monitor's rights; that of cgroup2 comes last. */
static bool open_cgroups(const struct run_record *record, struct trouble *trouble)
{
  const uint8_t *at = record->cgroups1.at;
  uint32_t n = 0;
  for (; n < record->cgroups1.count; n++) {
    int fd = fd_place(cgroup_open(next_text(&at).at, "tasks"), FD_TASKS + (int)n);
    if (fd < 0) return trouble_is(trouble, STAGE_CGROUP, n, fd);
  }
  if (record->cgroup2.len == 0) return true;
  int fd = enters_cgroup2(record) ? fd_place(cgroup_open(record->cgroup2.at, "cgroup.procs"), FD_TASKS + (int)n)
                                  : fd_place(checked(open(record->cgroup2.at, O_PATH | O_DIRECTORY | O_CLOEXEC)), FD_CGROUP2);
  return fd >= 0 || trouble_is(trouble, STAGE_CGROUP, n, fd);
}

static bool has_sysctls(const struct run_record *record)
{
  const uint8_t *at = record->setup.at;
  for (uint32_t n = 0; n < record->setup.count; n++)
    if (next_setup(&at).op == OP_SYSCTL) return true;
  return false;
}

/* The host's procfs, opened where no container has a say; a sysctl's file is the one of its reader's namespaces. */
static bool open_procfs(const struct run_record *record, struct trouble *trouble)
{
  if (record->again || !has_sysctls(record)) return true;
  int fd = fd_place(checked(open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)), FD_PROC);
  return fd >= 0 || trouble_is(trouble, STAGE_OPEN_PATH, UINT32_MAX, fd);
}

static bool open_own_program(const struct run_record *record, struct trouble *trouble)
{
  if (record->init != INIT_REAPER) return true;
  int fd = fd_place(checked(open("/proc/self/exe", O_PATH | O_CLOEXEC)), FD_PROGRAM);
  return fd >= 0 || trouble_is(trouble, STAGE_OPEN_PATH, UINT32_MAX, fd);
}

static bool open_socket(struct trouble *trouble)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return trouble_is(trouble, STAGE_PIPE, 0, errno);
  /* The first is the lowest free number, so below FD_CHILD_SYNC: it is not lost by placing the second. */
  int second = fd_place(ends[1], FD_CHILD_SYNC);
  int first = fd_place(ends[0], FD_SYNC);
  return (first >= 0 && second >= 0) || trouble_is(trouble, STAGE_PIPE, 0, first < 0 ? first : second);
}

bool open_for_child(const struct run_record *record, struct trouble *trouble)
{
  return open_cgroups(record, trouble) && open_spaces(record, trouble) && open_procfs(record, trouble) && open_own_program(record, trouble) &&
         open_socket(trouble);
}

static bool write_map(pid_t pid, const char *file, const struct text *map, uint32_t stage, struct trouble *trouble)
{
  char path[PROC_PATH_LEN];
  if (map->len == 0) return true;
  proc_path(path, pid, file);
  int fd cleanup_fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, map->at, map->len) < 0) return trouble_is(trouble, stage, 0, errno);
  fault_point();
  return true;
}

/* Of a process that nobody has told us of: it waits at the socket, and ends with it. */
static void await_unknown(void)
{
  close(FD_SYNC);
  while (wait(NULL) > 0 || errno == EINTR) continue;
}

/*
 * The joiner ends as soon as it has said which process it has made, and what it has said is there then. One that was killed before may
 * have made a process all the same, which holds the other end of the socket: nothing would ever come.
 */
static bool await_birth(pid_t *pid, struct trouble *trouble)
{
  struct pollfd sync = {.fd = FD_SYNC, .events = POLLIN};
  uint32_t born = 0;
  int none[MESSAGE_FDS], status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) continue;
  *pid = 0;
  if (poll(&sync, 1, 0) <= 0 || (sync.revents & POLLIN) == 0) {
    await_unknown();
    return trouble_is(trouble, STAGE_DIED, 0, status);
  }
  if (!message_await(FD_SYNC, KIND_BORN, none, &born, trouble)) return false;
  *pid = (pid_t)born;
  return true;
}

/* All but what stays with the monitor: the record that it keeps, and when it does this again, the user namespace that it holds. */
static void close_opened(const struct run_record *record)
{
  unsigned first = FD_CHILD;
  close(FD_CHILD_SYNC);
  if (record->again) {
    stk_close_range(FD_CHILD, FD_USER - 1, 0);
    first = FD_USER + 1;
  } else {
    close(FD_GO);
  }
  if (record->restarts == RESTARTS_GIVING) {
    stk_close_range(first, FD_KEPT - 1, 0);
    first = FD_KEPT + 1;
  }
  stk_close_range(first, ~0U, 0);
}

bool raise_child(const struct run_record *record, pid_t *pid, struct trouble *trouble)
{
  bool joiner = false;
  *pid = make_child(record, run_child, &joiner, trouble);
  if (*pid == 0) return false;
  fault_point();
  close_opened(record);
  if (joiner && !await_birth(pid, trouble)) return false;
  fault_point();
  if (!write_map(*pid, "uid_map", &record->uid_map, STAGE_UID_MAP, trouble)) return false;
  if (!write_map(*pid, "gid_map", &record->gid_map, STAGE_GID_MAP, trouble)) return false;
  message_send(FD_SYNC, KIND_MAPPED, 0, 0, 0);
  fault_point();
  if (!send_paths(record, *pid, trouble) || !send_mounts(record, *pid, trouble)) return false;
  fault_point();
  int result = fd_place(stk_pidfd_of(*pid), FD_CHILD);
  if (result < 0) return trouble_is(trouble, STAGE_CLONE, 0, result);
  result = raise_limits(*pid, &record->identity);
  if (result < 0) return trouble_is(trouble, STAGE_RLIMITS, 0, result);
  result = set_oom_score_adj(*pid, &record->identity);
  if (result < 0) return trouble_is(trouble, STAGE_OOM, 0, result);
  fault_point();
  return true;
}

bool take_output(struct trouble *trouble)
{
  int ends[MESSAGE_FDS];
  if (!message_await(FD_SYNC, KIND_READY, ends, NULL, trouble)) return false;
  int out = fd_place(ends[0], FD_OUT), err = fd_place(ends[1], FD_ERR);
  if (out < 0 || err < 0) return trouble_is(trouble, STAGE_PIPE, 0, out < 0 ? out : err);
  if (fcntl(FD_OUT, F_SETFL, O_NONBLOCK) < 0 || fcntl(FD_ERR, F_SETFL, O_NONBLOCK) < 0) return trouble_is(trouble, STAGE_PIPE, 0, errno);
  return true;
}

/* A child that is no more makes other things fail here: what it has said itself, or how it ended, is the reason. */
static void find_reason(bool died, int status, struct trouble *trouble)
{
  struct pollfd sync = {.fd = FD_SYNC, .events = POLLIN};
  struct trouble reason = {.told = false};
  int none[MESSAGE_FDS];
  if (trouble->told) return;
  while (poll(&sync, 1, 0) > 0 && message_await(FD_SYNC, KIND_READY, none, NULL, &reason)) continue;
  if (reason.told) *trouble = reason;
  else if (died) *trouble = (struct trouble){.stage = STAGE_DIED, .error = (uint32_t)status};
}

void close_raised(void)
{
  stk_close_range(FD_SYNC, FD_CHILD_SYNC, 0);
  stk_close_range(FD_OUT, FD_USER - 1, 0);
  stk_close_range(FD_USER + 1, FD_KEPT - 1, 0);
  stk_close_range(FD_KEPT + 1, ~0U, 0);
}

void put_down(pid_t pid, struct trouble *trouble)
{
  int status = 0;
  bool died = waitpid(pid, &status, WNOHANG) == pid;
  if (!died) {
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  }
  find_reason(died || trouble->stage == STAGE_DIED, status, trouble);
}
