#define _GNU_SOURCE
#include "paths.h"

#include "../common/process.h"
#include "faults.h"
#include "fds.h"
#include "identity.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int enter_mount_space(pid_t pid)
{
  char path[PROC_PATH_LEN];
  proc_path(path, pid, "ns/mnt");
  int space cleanup_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNS) < 0) return -errno;
  return 0;
}

/* The process beside. What fails is told to the child, which passes it on as its own failure. */
static _Noreturn void open_and_send(const struct run_record *record, pid_t child)
{
  uint32_t n = 0;
  faults_begin("beside");
  stay_bound();
  int result = enter_mount_space(child);
  fault_point();
  const uint8_t *at = record->open_paths.at;
  for (; result >= 0 && n < record->open_paths.count; n++) {
    int fd cleanup_fd = open(next_text(&at).at, O_PATH | O_CLOEXEC);
    if (fd < 0) result = -errno;
    else result = message_send_fds(FD_SYNC, KIND_OPENED, &fd, 1);
    if (result < 0) break;
    fault_point();
  }
  if (result < 0) message_send(FD_SYNC, KIND_FAILED, STAGE_OPEN_PATH, n, (uint32_t)-result);
  _exit(0);
}

bool send_paths(const struct run_record *record, pid_t child, struct trouble *trouble)
{
  if (record->open_paths.count == 0) return true;
  struct stk_clone_args args = {.exit_signal = SIGCHLD};
  int status = 0, pid = stk_clone3(&args);
  if (pid == 0) open_and_send(record, child);
  if (pid < 0) return trouble_is(trouble, STAGE_OPEN_PATH, 0, pid);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status == 0 || trouble_is(trouble, STAGE_OPEN_PATH, 0, EINTR);
}

bool take_paths(const struct run_record *record, struct trouble *trouble)
{
  for (uint32_t n = 0; n < record->open_paths.count; n++) {
    int fds[MESSAGE_FDS];
    if (!message_await(FD_CHILD_SYNC, KIND_OPENED, fds, NULL, trouble)) return false;
    int fd = fd_place(fds[0], FD_OPEN_PATHS + (int)n);
    if (fd < 0) return trouble_is(trouble, STAGE_OPEN_PATH, n, fd);
  }
  return true;
}
