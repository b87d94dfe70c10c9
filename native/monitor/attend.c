#define _GNU_SOURCE
#include "attend.h"

#include "../common/process.h"
#include "fds.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum watched { WATCH_SIGNALS, WATCH_SYNC, WATCH_CHILD, WATCH_IN, WATCH_MASTER, WATCHED };

#define END_OF_FILE 4 /* Ctrl-D */
#define REOPEN_MS 50

struct attendance {
  struct pollfd watched[WATCHED];
  bool hung_up;
  bool unopened; /* nobody in the container has the terminal open */
  struct trouble trouble; /* stage 0: none */
  bool in_line; /* what was typed last has no newline behind it */
  uint32_t held;
  char input[1024];
};

static void passed_signals(sigset_t *set)
{
  static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
  sigemptyset(set);
  for (size_t n = 0; n < sizeof passed / sizeof *passed; n++) sigaddset(set, passed[n]);
}

void attend_block_signals(void)
{
  sigset_t set;
  passed_signals(&set);
  sigaddset(&set, SIGPIPE);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void hang_up(struct attendance *a)
{
  if (a->watched[WATCH_MASTER].fd >= 0) close(FD_TERMINAL);
  a->watched[WATCH_MASTER].fd = a->watched[WATCH_IN].fd = -1;
}

/*
 * One that comes to a terminal as a signal was not typed there: it is for this process, which ends by hanging up. A command that
 * outlives that ends at the second.
 */
static void pass_signal(struct attendance *a)
{
  struct signalfd_siginfo info;
  if (read(FD_SIGNALS, &info, sizeof info) != sizeof info) return;
  bool terminal = a->watched[WATCH_MASTER].fd >= 0, ends = info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP;
  if (info.ssi_signo == SIGWINCH && terminal) {
    terminal_resize(FD_TERMINAL);
    return;
  }
  stk_pidfd_signal(FD_CHILD, ends && a->hung_up ? SIGKILL : (int)info.ssi_signo);
  if (!terminal || !ends) return;
  a->hung_up = true;
  hang_up(a);
}

/* The terminal's master, or why there is no command, or its exec. */
static void hear(struct attendance *a)
{
  struct message message;
  int fds[MESSAGE_FDS];
  int result = message_receive(FD_SYNC, &message, fds);
  if (result == 1 && message.kind == KIND_FAILED) {
    a->trouble = (struct trouble){.stage = message.a, .index = message.b, .error = message.c};
  } else if (result == 1 && message.kind == KIND_READY && fd_place(fds[0], FD_TERMINAL) >= 0) {
    terminal_begin(FD_TERMINAL);
    a->watched[WATCH_MASTER].fd = FD_TERMINAL;
    a->watched[WATCH_IN].fd = 0;
    message_send(FD_SYNC, KIND_MAPPED, 0, 0, 0);
  } else if (result <= 0) {
    close(FD_SYNC);
    a->watched[WATCH_SYNC].fd = -1;
  }
}

/*
 * What the user types; the end of a file as a terminal would have it: within a line the first Ctrl-D only hands over what stands
 * there. termios(3)
 */
static void take_input(struct attendance *a)
{
  ssize_t got = read(0, a->input, sizeof a->input);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got > 0) {
    a->held = (uint32_t)got;
    a->in_line = a->input[got - 1] != '\n' && a->input[got - 1] != '\r';
    return;
  }
  a->input[0] = a->input[1] = END_OF_FILE;
  a->held = a->in_line ? 2 : 1;
  a->watched[WATCH_IN].fd = -1;
}

static void give_input(struct attendance *a)
{
  ssize_t given = write(FD_TERMINAL, a->input, a->held);
  if (given <= 0) return;
  a->held -= (uint32_t)given;
  memmove(a->input, a->input + given, a->held);
}

/* False when there is nothing more to read now. */
static bool give_output(struct attendance *a)
{
  char bytes[4096];
  ssize_t got = read(FD_TERMINAL, bytes, sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  /* A command closes its descriptors before it ends: closing the master by then would be a SIGHUP to it. And it may open /dev/tty again. */
  if (got <= 0) a->unopened = true;
  else if (stk_write_all(1, bytes, (size_t)got) < 0) hang_up(a);
  else return true;
  return false;
}

/* poll(2) makes the kernel finish what it still has on its way to the master: after it nothing is late any more. */
static void drain(struct attendance *a)
{
  struct pollfd *master = &a->watched[WATCH_MASTER];
  master->events = POLLIN;
  while (master->fd >= 0 && poll(master, 1, 0) > 0 && (master->revents & POLLIN) != 0 && give_output(a)) continue;
}

static void wait_for_something(struct attendance *a)
{
  struct pollfd *watched = a->watched;
  int in = watched[WATCH_IN].fd, master = watched[WATCH_MASTER].fd;
  if (a->held > 0) watched[WATCH_IN].fd = -1;
  if (a->unopened) watched[WATCH_MASTER].fd = -1;
  watched[WATCH_MASTER].events = (short)(a->held > 0 ? POLLIN | POLLOUT : POLLIN);
  int count = poll(watched, WATCHED, a->unopened && master >= 0 ? REOPEN_MS : -1);
  watched[WATCH_IN].fd = in;
  watched[WATCH_MASTER].fd = master;
  a->unopened = false;
  if (count < 0)
    for (int n = 0; n < WATCHED; n++) watched[n].revents = 0;
}

static int conclude(struct attendance *a, pid_t inner, const char *name)
{
  int status = 0;
  while (a->watched[WATCH_SYNC].fd >= 0) hear(a);
  drain(a);
  terminal_end();
  while (waitpid(inner, &status, 0) < 0 && errno == EINTR) continue;
  if (a->trouble.stage != 0) return say_trouble(name, &a->trouble);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int attend(pid_t inner, const char *name)
{
  struct attendance a = {.trouble = {.stage = 0}};
  sigset_t set;
  passed_signals(&set);
  int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  a.watched[WATCH_SIGNALS] = (struct pollfd){.fd = fd_place(signals, FD_SIGNALS), .events = POLLIN};
  a.watched[WATCH_SYNC] = (struct pollfd){.fd = FD_SYNC, .events = POLLIN};
  a.watched[WATCH_CHILD] = (struct pollfd){.fd = FD_CHILD, .events = POLLIN};
  a.watched[WATCH_IN] = (struct pollfd){.fd = -1, .events = POLLIN};
  a.watched[WATCH_MASTER] = (struct pollfd){.fd = -1, .events = POLLIN};
  for (;;) {
    wait_for_something(&a);
    if (a.watched[WATCH_SIGNALS].revents != 0) pass_signal(&a);
    if (a.watched[WATCH_SYNC].revents != 0) hear(&a);
    if (a.watched[WATCH_MASTER].fd >= 0 && (a.watched[WATCH_MASTER].revents & POLLOUT) != 0) give_input(&a);
    if (a.watched[WATCH_MASTER].fd >= 0 && (a.watched[WATCH_MASTER].revents & (POLLIN | POLLHUP | POLLERR)) != 0) give_output(&a);
    if (a.watched[WATCH_IN].fd >= 0 && a.held == 0 && a.watched[WATCH_IN].revents != 0) take_input(&a);
    if (a.watched[WATCH_CHILD].revents != 0) return conclude(&a, inner, name);
  }
}
