#define _GNU_SOURCE
#include "check.h"

#include "../common/process.h"
#include "attend.h"
#include "exec.h"
#include "fds.h"
#include "identity.h"
#include "record.h"
#include "spaces.h"
#include "status.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 4096

enum watched { WATCH_SYNC, WATCH_OUT, WATCH_ERR, WATCH_CHILD, WATCH_CALLED_OFF, WATCHED };

/* One check, and what it has come to. */
struct check {
  const struct health_state *before;
  int64_t deadline;
  struct trouble trouble; /* stage 0: none */
  struct pollfd watched[WATCHED];
  size_t held;
  char output[OUTPUT_MAX];
};

/* Of the monitor's only the run folder and the container's first process are of use here. */
static void keep_little(void)
{
  stk_close_range(3, FD_RUN - 1, 0);
  stk_close_range(FD_RUN + 1, FD_CHILD - 1, 0);
  stk_close_range(FD_CHILD + 1, ~0U, 0);
}

/* The file as it is now; NULL where there is none. */
static const uint8_t *map_check(size_t *len)
{
  int fd cleanup_fd = openat(FD_RUN, "check", O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  return record_map(fd, len);
}

static void hear(struct check *check)
{
  struct message message;
  int fds[MESSAGE_FDS];
  int result = message_receive(FD_SYNC, &message, fds);
  if (result == 1 && message.kind == KIND_FAILED) {
    check->trouble = (struct trouble){.stage = message.a, .index = message.b, .error = message.c};
  } else if (result == 1 && message.kind == KIND_READY) {
    check->watched[WATCH_OUT].fd = fd_place(fds[0], FD_OUT);
    check->watched[WATCH_ERR].fd = fd_place(fds[1], FD_ERR);
    fcntl(FD_OUT, F_SETFL, O_NONBLOCK);
    fcntl(FD_ERR, F_SETFL, O_NONBLOCK);
  } else if (result <= 0) {
    close(FD_SYNC);
    check->watched[WATCH_SYNC].fd = -1;
  }
}

/* What there is no room for is read all the same, so that the command goes on. */
static void take(struct check *check, enum watched which)
{
  char more[1024];
  struct pollfd *watched = &check->watched[which];
  for (int round = 0; round < 16 && watched->fd >= 0; round++) {
    ssize_t got = read(watched->fd, more, sizeof more);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      close(watched->fd);
      watched->fd = -1;
      return;
    }
    size_t room = sizeof check->output - check->held, kept = (size_t)got < room ? (size_t)got : room;
    memcpy(check->output + check->held, more, kept);
    check->held += kept;
  }
}

/* It leads a session of its own: with it go those that it has started, unless they have gone their own way. */
static void end_all(pid_t inner)
{
  kill(-inner, SIGKILL);
  kill(inner, SIGKILL);
  while (waitpid(inner, NULL, 0) < 0 && errno == EINTR) continue;
}

/* The monitor has another check to run: SIGTERM, which is blocked as all are. */
static int open_signals(void)
{
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  return fd_place(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), FD_SIGNALS);
}

/* Waits for its end, or for that of its time. True: `status` is how it has ended. */
static bool await_end(struct check *check, pid_t inner, int *status)
{
  for (;;) {
    int64_t left = check->deadline - health_now();
    if (left <= 0) return false;
    int count = poll(check->watched, WATCHED, (int)left);
    if (count < 0) continue;
    if (check->watched[WATCH_CALLED_OFF].revents != 0) {
      end_all(inner);
      _exit(OUTCOME_CALLED_OFF);
    }
    if (check->watched[WATCH_SYNC].revents != 0) hear(check);
    if (check->watched[WATCH_OUT].revents != 0) take(check, WATCH_OUT);
    if (check->watched[WATCH_ERR].revents != 0) take(check, WATCH_ERR);
    if (check->watched[WATCH_CHILD].revents == 0) continue;
    while (check->watched[WATCH_SYNC].fd >= 0) hear(check);
    take(check, WATCH_OUT);
    take(check, WATCH_ERR);
    while (waitpid(inner, status, 0) < 0 && errno == EINTR) continue;
    return true;
  }
}

static _Noreturn void conclude(struct check *check, enum outcome outcome, const char *ended, const char *name)
{
  struct health_state after = *check->before;
  health_after(&after, outcome, health_now());
  int fd = health_open(&after, ended);
  if (check->trouble.stage != 0 && fd >= 0 && dup2(fd, 2) >= 0) say_trouble(name, &check->trouble);
  else if (fd >= 0) stk_write_all(fd, check->output, check->held);
  health_close(fd);
  _exit((int)outcome);
}

static _Noreturn void run_check(struct check *check, const struct exec_record *record)
{
  const uint8_t *at = record->identity.argv.at;
  const char *name = next_text(&at).at;
  pid_t inner = 0;
  int status = 0;
  if (open_cgroup_files(record, &check->trouble)) inner = make_inner(record, &check->trouble);
  if (inner == 0) conclude(check, OUTCOME_BROKEN, "broken", name);
  check->watched[WATCH_SYNC] = (struct pollfd){.fd = FD_SYNC, .events = POLLIN};
  check->watched[WATCH_OUT] = check->watched[WATCH_ERR] = (struct pollfd){.fd = -1, .events = POLLIN};
  check->watched[WATCH_CHILD] = (struct pollfd){.fd = FD_CHILD, .events = POLLIN};
  check->watched[WATCH_CALLED_OFF] = (struct pollfd){.fd = open_signals(), .events = POLLIN};
  if (!await_end(check, inner, &status)) {
    end_all(inner);
    conclude(check, OUTCOME_TIMEOUT, "timeout", name);
  }
  if (check->trouble.stage != 0) conclude(check, OUTCOME_BROKEN, "broken", name);
  char ended[32];
  const char *end = ended + sizeof ended;
  bool exited = WIFEXITED(status);
  add_number(add_text(ended, end, exited ? "exit " : "signal "), end, (uint64_t)(exited ? WEXITSTATUS(status) : WTERMSIG(status)), 0);
  conclude(check, exited && WEXITSTATUS(status) == 0 ? OUTCOME_HEALTHY : OUTCOME_FAILED, ended, name);
}

_Noreturn void run_checker(const struct health_state *before, pid_t init, pid_t monitor)
{
  struct check check = {.before = before, .deadline = health_now() + before->times.timeout};
  struct exec_record record;
  size_t len = 0;
  stay_bound();
  if (getppid() != monitor) _exit(OUTCOME_BROKEN);
  keep_little();
  const uint8_t *bytes = map_check(&len);
  if (bytes == NULL || !record_read_check(bytes, len, &record)) {
    trouble_is(&check.trouble, STAGE_RECORD, 0, EINVAL);
    conclude(&check, OUTCOME_BROKEN, "broken", "");
  }
  record.spaces = other_spaces(init);
  run_check(&check, &record);
}
