#define _GNU_SOURCE
#include "watch.h"

#include "console.h"
#include "faults.h"
#include "fds.h"
#include "health.h"
#include "log.h"
#include "status.h"
#include "text.h"

#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h> /* renameat */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum watched { WATCH_OUT, WATCH_ERR, WATCH_SYNC, WATCH_CHILD, WATCH_DOOR, WATCH_GUEST, WATCH_CHANGES, WATCH_CHECKER, WATCHED };

#define RETRY_MS 1000
#define STATE_MAX 64
#define PAGE 4096ul
#define STACK_KEPT 512ul
#define STACK_USED (16 * PAGE) /* more than setting up has ever needed */

static int wait_for(pid_t child)
{
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

/*
 * From here on the monitor sleeps, for as long as the container is there: what the calls of the setup have left on the stack
 * below the present frame is given back. This frame itself, and the one of the call, are in the kept room.
 */
__attribute__((noinline)) static void forget_stack(void)
{
  uintptr_t here = ((uintptr_t)__builtin_frame_address(0) - STACK_KEPT) & ~(PAGE - 1);
  madvise((void *)(here - STACK_USED), STACK_USED, MADV_DONTNEED);
}

static int open_state(void)
{
  return openat(FD_RUN, ".state", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
}

/* Room on the disk for the state, taken while there is some: a log may fill the rest. */
static void reserve_state(void)
{
  static const char blanks[STATE_MAX];
  int fd cleanup_fd = open_state();
  /* Where there is no room even now, it may come. */
  if (fd >= 0) stk_write_all(fd, blanks, sizeof blanks);
}

/*
 * The child's end of the socket has closed: by its exec, or because it is no more. Without a failure and with status 0 it has
 * given up of its own accord, as nobody said "go". Before it there may be its console: false, there is more to come.
 */
static bool at_exec(pid_t child, bool checked, bool *has_console)
{
  struct message message;
  struct trouble died = {.stage = STAGE_DIED};
  int fds[MESSAGE_FDS];
  int got = message_receive(FD_SYNC, &message, fds);
  if (got == 1 && message.kind == KIND_READY) {
    int result = console_take(fds);
    *has_console = result == 0;
    if (result == 0) return false;
    kill(child, SIGKILL);
    message = (struct message){.kind = KIND_FAILED, .a = STAGE_CONSOLE, .c = (uint32_t)-result};
  }
  /* A short command may have ended by now: that it was run is still to be seen, as only we reap it. */
  if (got <= 0 && stk_has_executed(child) == 1) {
    close(FD_SYNC);
    fault_point();
    if (checked) health_begin(child);
    close(FD_STATUS);
    fault_point();
    reserve_state();
    fault_point();
    forget_stack();
    return true;
  }
  int status = wait_for(child);
  died.error = (uint32_t)status;
  if (got == 1) died = (struct trouble){.stage = message.a, .index = message.b, .error = message.c};
  if (got == 1 || status != 0) message_send_failure(FD_STATUS, &died);
  _exit(got == 1 || status != 0);
}

/* `exit N` or `signal N`, and when. Beside it first, so that who reads it reads all of it. */
static bool write_state(int status, time_t when)
{
  char text[STATE_MAX];
  const char *end = text + sizeof text;
  bool exited = WIFEXITED(status);
  char *at = add_text(text, end, exited ? "exit " : "signal ");
  at = add_number(at, end, (uint64_t)(exited ? WEXITSTATUS(status) : WTERMSIG(status)), 0);
  at = add_number(add_text(at, end, "\nfinished "), end, (uint64_t)when, 0);
  at = add_text(at, end, "\n");
  ssize_t len = at - text;
  int fd cleanup_fd = open_state();
  if (fd < 0 || write(fd, text, (size_t)len) != len || ftruncate(fd, len) < 0) return false;
  fault_point();
  bool told = renameat(FD_RUN, ".state", FD_RUN, "state") == 0;
  fault_point();
  return told;
}

static void pump(struct pollfd *watched, enum stream stream)
{
  if (watched->fd < 0 || log_pump(stream)) return;
  close(watched->fd);
  watched->fd = -1;
}

/* Until something is to be done that nothing tells of. */
static int patience(bool unwritten)
{
  int wait = health_wait();
  return unwritten && (wait < 0 || wait > RETRY_MS) ? RETRY_MS : wait;
}

_Noreturn void watch(pid_t child, bool checked)
{
  struct pollfd watched[WATCHED] = {
      [WATCH_OUT] = {.fd = FD_OUT, .events = POLLIN},
      [WATCH_ERR] = {.fd = FD_ERR, .events = POLLIN},
      [WATCH_SYNC] = {.fd = FD_SYNC, .events = POLLIN},
      [WATCH_CHILD] = {.fd = FD_CHILD, .events = POLLIN},
      [WATCH_DOOR] = {.fd = -1, .events = POLLIN},
      [WATCH_GUEST] = {.fd = -1, .events = POLLIN},
      [WATCH_CHANGES] = {.fd = -1, .events = POLLIN},
      [WATCH_CHECKER] = {.fd = -1, .events = POLLIN},
  };
  bool has_console = false;
  bool unwritten = false;
  int status = 0;
  struct timespec when = {0};
  for (;;) {
    watched[WATCH_DOOR].fd = has_console ? FD_DOOR : -1;
    watched[WATCH_GUEST].fd = console_has_guest() ? FD_GUEST : -1;
    watched[WATCH_CHANGES].fd = health_changes();
    watched[WATCH_CHECKER].fd = health_checker();
    if (poll(watched, WATCHED, patience(unwritten)) < 0 && errno != EINTR) _exit(1);
    if (watched[WATCH_SYNC].revents != 0) {
      if (at_exec(child, checked, &has_console)) watched[WATCH_SYNC].fd = -1;
    }
    /* What a child has said before its end is in the log before the state is there, though poll(2) may have seen the end alone. */
    bool ended = watched[WATCH_CHILD].revents != 0;
    if (ended || watched[WATCH_OUT].revents != 0) pump(&watched[WATCH_OUT], STREAM_OUT);
    if (ended || watched[WATCH_ERR].revents != 0) pump(&watched[WATCH_ERR], STREAM_ERR);
    if (watched[WATCH_DOOR].revents != 0) console_admit();
    if (watched[WATCH_GUEST].revents != 0) console_hear();
    if (watched[WATCH_CHECKER].revents != 0) {
      health_checked();
      forget_stack();
    }
    if (watched[WATCH_CHANGES].revents != 0) health_changed();
    if (ended) {
      health_end();
      if (has_console) console_close();
      has_console = false;
      status = wait_for(child);
      fault_point();
      syscall(SYS_clock_gettime, CLOCK_REALTIME, &when);
      close(FD_CHILD);
      watched[WATCH_CHILD].fd = -1;
      unwritten = true;
    }
    if (unwritten) unwritten = !write_state(status, when.tv_sec);
    health_due();
  }
}
