/*
 * Three processes: the outer one, which the user has started, waits and passes signals on; the joiner enters the container's
 * namespaces; its sister, the inner one, is born in them, becomes the container's user and execs.
 */
#define _GNU_SOURCE
#include "exec.h"

#include "../common/process.h"
#include "attend.h"
#include "fds.h"
#include "identity.h"
#include "record.h"
#include "status.h"
#include "streams.h"
#include "terminal.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

bool open_cgroup_files(const struct exec_record *record, struct trouble *trouble)
{
  const uint8_t *at = record->cgroup_files.at;
  for (uint32_t n = 0; n < record->cgroup_files.count; n++) {
    int fd = fd_place(cgroup_open(next_text(&at).at, NULL), FD_TASKS + (int)n);
    if (fd < 0) return trouble_is(trouble, STAGE_CGROUP, n, fd);
  }
  return true;
}

/* The very process that was meant: the pidfd first, then the start time, which a later process of that pid has not. */
static bool open_container(const struct exec_record *record, struct trouble *trouble)
{
  char start_time[STK_START_TIME_LEN];
  pid_t pid = (pid_t)strtol(record->pid.at, NULL, 10);
  int fd = fd_place(stk_pidfd_of(pid), FD_CHILD);
  if (fd < 0) return trouble_is(trouble, STAGE_JOIN, 0, fd);
  int result = stk_start_time(pid, start_time);
  if (result == 0 && !text_is(record->start_time, start_time)) result = -ESRCH;
  return result == 0 || trouble_is(trouble, STAGE_JOIN, 0, result);
}

/* Of its own, so that no terminal of the user's is the controlling one of anything in the container. */
static bool settle(const struct exec_record *record, struct trouble *trouble)
{
  for (uint32_t n = 0; n < record->cgroup_files.count; n++) {
    int result = cgroup_enter(FD_TASKS + (int)n);
    if (result < 0) return trouble_is(trouble, STAGE_CGROUP, n, result);
    close(FD_TASKS + (int)n);
  }
  if (setsid() < 0) return trouble_is(trouble, STAGE_SESSION, 0, errno);
  int result = (record->spaces & CLONE_NEWUSER) == 0 ? 0 : become_root(&record->identity);
  if (result < 0) return trouble_is(trouble, STAGE_IDS, 0, result);
  result = own_keyring();
  if (result < 0) return trouble_is(trouble, STAGE_SESSION, 1, result);
  result = record->gathered ? make_output(&record->identity) : 0;
  if (result < 0) return trouble_is(trouble, STAGE_PIPE, 0, result);
  result = enter_folder(record->identity.cwd.at, false);
  if (result < 0) return trouble_is(trouble, STAGE_CWD, 0, result);
  return become(&record->identity, trouble);
}

static bool take_gathered(const struct exec_record *record, struct trouble *trouble)
{
  int result = take_stdio((record->spaces & CLONE_NEWNS) == 0 ? -1 : open_null(), FD_OUT, FD_ERR);
  return result == 0 || trouble_is(trouble, STAGE_STDIO, 0, result);
}

static _Noreturn void run_inner(const struct exec_record *record)
{
  struct trouble trouble;
  int none[MESSAGE_FDS];
  stay_bound();
  close(FD_SYNC);
  if (message_await(FD_CHILD_SYNC, KIND_MAPPED, none, NULL, &trouble) && settle(record, &trouble) && parent_lives() &&
      (record->tty == 0 || take_terminal(&trouble)) && (!record->gathered || take_gathered(record, &trouble)))
    exec_command(&record->identity, false, &trouble);
  message_send_failure(FD_CHILD_SYNC, &trouble);
  end_confined(1);
}

/* Nothing of the host but the cgroup files is open here when it goes in. */
static _Noreturn void run_joiner(const struct exec_record *record)
{
  struct stk_clone_args args = {.flags = CLONE_PARENT};
  stay_bound();
  close(FD_SYNC);
  if (record->gathered) close(FD_RUN);
  int result = raise_limits(0, &record->identity);
  if (result == 0) result = set_oom_score_adj(getpid(), &record->identity);
  if (result == 0 && record->spaces != 0 && setns(FD_CHILD, (int)record->spaces) < 0) result = -errno;
  close(FD_CHILD);
  int pid = result < 0 ? result : stk_clone3(&args);
  if (pid == 0) run_inner(record);
  if (pid > 0) message_send(FD_CHILD_SYNC, KIND_BORN, (uint32_t)pid, 0, 0);
  else message_send(FD_CHILD_SYNC, KIND_FAILED, result < 0 ? STAGE_JOIN : STAGE_CLONE, 0, (uint32_t)-pid);
  _exit(0);
}

pid_t make_inner(const struct exec_record *record, struct trouble *trouble)
{
  int ends[2], none[MESSAGE_FDS];
  uint32_t inner = 0;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return trouble_is(trouble, STAGE_PIPE, 0, errno);
  fd_place(ends[1], FD_CHILD_SYNC);
  fd_place(ends[0], FD_SYNC);
  struct stk_clone_args args = {.exit_signal = SIGCHLD};
  int joiner = stk_clone3(&args);
  if (joiner < 0) return trouble_is(trouble, STAGE_CLONE, 0, joiner);
  if (joiner == 0) run_joiner(record);
  close(FD_CHILD_SYNC);
  bool born = message_await(FD_SYNC, KIND_BORN, none, &inner, trouble);
  while (waitpid(joiner, NULL, 0) < 0 && errno == EINTR) continue;
  stk_close_range(FD_CHILD, ~0U, 0);
  if (!born) return 0;
  int fd = fd_place(stk_pidfd_of((pid_t)inner), FD_CHILD);
  message_send(FD_SYNC, KIND_MAPPED, 0, 0, 0);
  return fd >= 0 ? (pid_t)inner : trouble_is(trouble, STAGE_CLONE, 0, fd);
}

int run_exec(const uint8_t *bytes, size_t len)
{
  struct exec_record record;
  struct trouble trouble;
  if (!record_read_exec(bytes, len, &record)) {
    trouble_is(&trouble, STAGE_RECORD, 0, EINVAL);
    return say_trouble("", &trouble);
  }
  const uint8_t *at = record.identity.argv.at;
  const char *name = next_text(&at).at;
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  attend_block_signals();
  pid_t inner = 0;
  if (open_cgroup_files(&record, &trouble) && open_container(&record, &trouble)) inner = make_inner(&record, &trouble);
  if (inner == 0) return say_trouble(name, &trouble);
  return attend(inner, name);
}
