#define _GNU_SOURCE
#include "health.h"

#include "../common/process.h"
#include "check.h"
#include "faults.h"
#include "fds.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h> /* renameat */
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NEVER INT64_MAX

static struct {
  struct health_state now;
  bool begun;
  pid_t init;
  pid_t checker; /* 0: none */
  bool outdated; /* what it runs is not to be run any more */
  int64_t next;  /* when the next check begins */
} it = {.next = NEVER}; /* not all zero: it lies in a page that is written to anyway */

/* The raw call: the vdso costs pages. */
static int64_t clock_of(clockid_t clock)
{
  struct timespec now = {0};
  syscall(SYS_clock_gettime, clock, &now);
  return clock == CLOCK_REALTIME ? (int64_t)now.tv_sec : (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t health_now(void)
{
  return clock_of(CLOCK_MONOTONIC);
}

/* Docker's rules: a failure while a container starts does not count, and the first success ends that time. */
void health_after(struct health_state *state, enum outcome outcome, int64_t now)
{
  if (outcome == OUTCOME_HEALTHY) {
    state->health = HEALTH_HEALTHY;
    state->streak = 0;
    return;
  }
  if (state->health == HEALTH_STARTING && now - state->begun < state->times.start_period) return;
  if (state->streak < UINT32_MAX) state->streak++;
  if (state->streak >= state->times.retries) state->health = HEALTH_UNHEALTHY;
}

static bool in_start_period(void)
{
  return it.now.health == HEALTH_STARTING && health_now() - it.now.begun < it.now.times.start_period;
}

static void plan_next(void)
{
  it.next = health_now() + (in_start_period() ? it.now.times.start_interval : it.now.times.interval);
}

/* False where there is no check, or none that can be understood. */
static bool read_times(void)
{
  uint8_t head[CHECK_HEAD];
  int fd cleanup_fd = openat(FD_RUN, "check", O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : stk_read_all(fd, head, sizeof head);
  return got == sizeof head && record_read_times(head, sizeof head, &it.now.times);
}

int health_open(const struct health_state *state, const char *ended)
{
  static const char *const words[] = {"starting", "healthy", "unhealthy"};
  char text[160];
  const char *end = text + sizeof text;
  char *at = add_text(add_text(text, end, "state "), end, words[state->health]);
  at = add_number(add_text(at, end, "\nstreak "), end, state->streak, 0);
  if (ended != NULL) {
    at = add_number(add_text(at, end, "\nchecked "), end, (uint64_t)clock_of(CLOCK_REALTIME), 0);
    at = add_text(add_text(at, end, "\nended "), end, ended);
  }
  at = add_text(at, end, "\noutput\n");
  int fd = openat(FD_RUN, ".health", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
  if (fd < 0) return -errno;
  stk_write_all(fd, text, (size_t)(at - text));
  return fd;
}

void health_close(int fd)
{
  if (fd < 0) return;
  close(fd);
  fault_point();
  renameat(FD_RUN, ".health", FD_RUN, "health");
  fault_point();
}

/* From the beginning. A file that cannot be written leaves the container without health, not without its command. */
static void start_over(void)
{
  it.next = NEVER;
  if (!read_times()) {
    unlinkat(FD_RUN, "health", 0);
    return;
  }
  it.now.health = HEALTH_STARTING;
  it.now.streak = 0;
  it.now.begun = health_now();
  health_close(health_open(&it.now, NULL));
  plan_next();
}

void health_begin(pid_t init)
{
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  fd_place(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), FD_SIGNALS);
  it.begun = true;
  it.init = init;
  start_over();
}

int health_wait(void)
{
  if (it.next == NEVER || it.checker != 0) return -1;
  int64_t left = it.next - health_now();
  return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

void health_due(void)
{
  if (it.next == NEVER || it.checker != 0 || health_now() < it.next) return;
  int pidfd = -1;
  struct stk_clone_args args = {.flags = STK_CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
  pid_t monitor = getpid();
  int pid = stk_clone3(&args);
  if (pid == 0) run_checker(&it.now, it.init, monitor);
  if (pid < 0) {
    plan_next();
    return;
  }
  it.checker = pid;
  fd_place(pidfd, FD_CHECKER);
}

int health_changes(void)
{
  return it.begun ? FD_SIGNALS : -1;
}

int health_checker(void)
{
  return it.checker == 0 ? -1 : FD_CHECKER;
}

/* Its status, and it is no more. */
static int reap_checker(void)
{
  int status = 0;
  while (waitpid(it.checker, &status, 0) < 0 && errno == EINTR) continue;
  close(FD_CHECKER);
  it.checker = 0;
  return status;
}

void health_changed(void)
{
  struct signalfd_siginfo info;
  while (read(FD_SIGNALS, &info, sizeof info) == sizeof info) continue;
  it.outdated = it.checker != 0;
  if (it.outdated) kill(it.checker, SIGTERM);
  else start_over();
}

/* What came of it the checker has written itself, unless somebody has killed it. */
void health_checked(void)
{
  int status = reap_checker();
  if (it.outdated) {
    it.outdated = false;
    start_over();
    return;
  }
  bool told = WIFEXITED(status) && WEXITSTATUS(status) <= OUTCOME_BROKEN;
  health_after(&it.now, told ? (enum outcome)WEXITSTATUS(status) : OUTCOME_BROKEN, health_now());
  if (!told) health_close(health_open(&it.now, "killed"));
  plan_next();
}

bool health_is_bad(void)
{
  return it.begun && it.now.health == HEALTH_UNHEALTHY;
}

void health_end(void)
{
  if (!it.begun) return;
  if (it.checker != 0) {
    kill(it.checker, SIGKILL);
    reap_checker();
  }
  unlinkat(FD_RUN, "health", 0);
  close(FD_SIGNALS);
  it.begun = false;
  it.next = NEVER;
}
