#define _GNU_SOURCE
#include "watch.h"

#include "again.h"
#include "console.h"
#include "faults.h"
#include "fds.h"
#include "health.h"
#include "log.h"
#include "state.h"
#include "status.h"

#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum watched { WATCH_OUT, WATCH_ERR, WATCH_SYNC, WATCH_CHILD, WATCH_DOOR, WATCH_GUEST, WATCH_CHANGES, WATCH_CHECKER, WATCHED };

#define RETRY_MS 1000
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

struct watch {
  struct watching what;
  struct pollfd at[WATCHED];
  pid_t child;
  bool started, has_console;
  bool unwritten; /* how it has ended */
  int status;
  struct timespec when;
};

enum news { NEWS_NONE, NEWS_STARTED, NEWS_FAILED };

/*
 * The child's end of the socket has closed: by its exec, or because it is no more. Without a failure and with status 0 it has
 * given up of its own accord, as nobody said "go". Before it there may be its console: then there is more to come.
 */
static enum news at_exec(struct watch *w, struct trouble *trouble)
{
  struct message message;
  int fds[MESSAGE_FDS];
  int got = message_receive(FD_SYNC, &message, fds);
  if (got == 1 && message.kind == KIND_READY) {
    int result = console_take(fds);
    w->has_console = result == 0;
    if (result == 0) return NEWS_NONE;
    kill(w->child, SIGKILL);
    message = (struct message){.kind = KIND_FAILED, .a = STAGE_CONSOLE, .c = (uint32_t)-result};
  }
  /* A short command may have ended by now: that it was run is still to be seen, as only we reap it. */
  if (got <= 0 && stk_has_executed(w->child) == 1) return NEWS_STARTED;
  *trouble = (struct trouble){.stage = STAGE_DIED, .error = (uint32_t)wait_for(w->child)};
  if (got == 1) *trouble = (struct trouble){.stage = message.a, .index = message.b, .error = message.c};
  return NEWS_FAILED;
}

static void begin(struct watch *w)
{
  close(FD_SYNC);
  w->at[WATCH_SYNC].fd = -1;
  fault_point();
  if (w->started || w->what.restarts) again_began(!w->started);
  if (w->what.checked) health_begin(w->child);
  if (!w->started) close(FD_STATUS);
  w->started = true;
  fault_point();
  state_reserve();
  fault_point();
  forget_stack();
}

static void close_stream(struct watch *w, enum watched which)
{
  if (w->at[which].fd < 0) return;
  close(w->at[which].fd);
  w->at[which].fd = -1;
}

/* Where nobody waits to hear of it, it may be tried once more. */
static void fail(struct watch *w, const struct trouble *trouble)
{
  if (!w->started) {
    bool quiet = trouble->stage == STAGE_DIED && trouble->error == 0;
    if (!quiet) message_send_failure(FD_STATUS, trouble);
    _exit(!quiet);
  }
  for (enum watched n = WATCH_OUT; n <= WATCH_CHILD; n++) close_stream(w, n);
  if (w->has_console) console_close();
  w->has_console = false;
  if (again_after_failure(trouble) != AGAIN_CALLED_OFF) w->unwritten = true;
}

static void end(struct watch *w)
{
  bool system = w->has_console;
  health_end();
  if (system) console_close();
  w->has_console = false;
  w->status = wait_for(w->child);
  fault_point();
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &w->when);
  close_stream(w, WATCH_CHILD);
  again_after(w->status, system);
  w->unwritten = true;
}

static void start_again(struct watch *w)
{
  struct trouble trouble;
  if (w->at[WATCH_OUT].fd >= 0) log_finish(STREAM_OUT);
  if (w->at[WATCH_ERR].fd >= 0) log_finish(STREAM_ERR);
  close_stream(w, WATCH_OUT);
  close_stream(w, WATCH_ERR);
  enum again result = again_raise(&w->child, &trouble);
  if (result == AGAIN_FAILED) fail(w, &trouble);
  if (result != AGAIN_RAISED) return;
  w->at[WATCH_OUT].fd = FD_OUT;
  w->at[WATCH_ERR].fd = FD_ERR;
  w->at[WATCH_SYNC].fd = FD_SYNC;
  w->at[WATCH_CHILD].fd = FD_CHILD;
}

static void pump(struct watch *w, enum watched which, enum stream stream)
{
  if (w->at[which].fd >= 0 && !log_pump(stream)) close_stream(w, which);
}

static int sooner(int a, int b)
{
  return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Until something is to be done that nothing tells of. */
static int patience(const struct watch *w)
{
  return sooner(health_wait(), w->unwritten ? RETRY_MS : again_wait());
}

static void look(struct watch *w)
{
  w->at[WATCH_DOOR].fd = w->has_console ? FD_DOOR : -1;
  w->at[WATCH_GUEST].fd = console_has_guest() ? FD_GUEST : -1;
  w->at[WATCH_CHANGES].fd = health_changes();
  w->at[WATCH_CHECKER].fd = health_checker();
  if (poll(w->at, WATCHED, patience(w)) < 0 && errno != EINTR) _exit(1);
}

static bool has_news(const struct watch *w, enum watched which)
{
  return w->at[which].revents != 0;
}

/* False: the child is no more, and has never been the command. */
static bool hear_of_exec(struct watch *w)
{
  struct trouble trouble;
  enum news news = has_news(w, WATCH_SYNC) ? at_exec(w, &trouble) : NEWS_NONE;
  if (news == NEWS_STARTED) begin(w);
  if (news == NEWS_FAILED) fail(w, &trouble);
  return news != NEWS_FAILED;
}

/* What a child has said before its end is in the log before the state is there, though poll(2) may have seen the end alone. */
static void serve(struct watch *w)
{
  bool ended = has_news(w, WATCH_CHILD);
  if (ended || has_news(w, WATCH_OUT)) pump(w, WATCH_OUT, STREAM_OUT);
  if (ended || has_news(w, WATCH_ERR)) pump(w, WATCH_ERR, STREAM_ERR);
  if (has_news(w, WATCH_DOOR)) console_admit();
  if (has_news(w, WATCH_GUEST)) console_hear();
  if (has_news(w, WATCH_CHECKER)) {
    health_checked();
    if (health_is_bad()) again_unhealthy();
    forget_stack();
  }
  if (has_news(w, WATCH_CHANGES)) health_changed();
  if (ended) end(w);
}

_Noreturn void watch(pid_t child, struct watching what)
{
  static const int fds[WATCHED] = {[WATCH_OUT] = FD_OUT,  [WATCH_ERR] = FD_ERR,  [WATCH_SYNC] = FD_SYNC,    [WATCH_CHILD] = FD_CHILD,
                                   [WATCH_DOOR] = -1, [WATCH_GUEST] = -1, [WATCH_CHANGES] = -1, [WATCH_CHECKER] = -1};
  struct watch w = {.what = what, .child = child};
  for (int n = 0; n < WATCHED; n++) w.at[n] = (struct pollfd){.fd = fds[n], .events = POLLIN};
  for (;;) {
    look(&w);
    if (hear_of_exec(&w)) serve(&w);
    if (w.unwritten) w.unwritten = !state_write(w.status, w.when.tv_sec, again_pause());
    if (!w.unwritten && again_is_due()) start_again(&w);
    again_insist();
    health_due();
  }
}
