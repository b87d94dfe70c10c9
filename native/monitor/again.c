#define _GNU_SOURCE
#include "again.h"

#include "../common/process.h"
#include "attend.h"
#include "faults.h"
#include "fds.h"
#include "health.h"
#include "log.h"
#include "raise.h"
#include "record.h"
#include "spaces.h"
#include "state.h"
#include "subgroups.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEVER INT64_MAX

/* Docker's: the first pause, each other one twice as long as the one before up to the longest, and from the first on again after a run that was long enough. */
#define FIRST_MS 100
#define LONGEST_MS 60000
#define LONG_RUN_MS 10000

static struct {
  int64_t due;      /* when it is started again */
  int64_t deadline; /* when one that was asked to end is made to */
  int64_t begun;    /* when it last was started; milliseconds of CLOCK_MONOTONIC as the two above */
  bool ending;      /* it was asked to end, as it is unhealthy */
  uint32_t pause;
  uint32_t tries, runs; /* how often it was to be started again, and how often it was */
  int status;           /* how it last ended */
} it = {.due = NEVER, .deadline = NEVER}; /* not all zero: it lies in a page that is written to anyway */

static int open_launch(void)
{
  return openat(FD_RUN, "launch", O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* False where there is none for this monitor: one that is to take its place may have its own already. */
static bool read_rule(struct again_rule *rule)
{
  uint8_t head[AGAIN_HEAD];
  int fd cleanup_fd = open_launch();
  ssize_t got = fd < 0 ? -1 : stk_read_all(fd, head, sizeof head);
  return got > 0 && record_read_rule(head, (size_t)got, rule) && rule->monitor == (uint32_t)getpid();
}

void again_began(bool first)
{
  it.begun = health_now();
  it.deadline = NEVER;
  it.ending = false;
  if (!first) state_restarted(it.status, ++it.runs);
}

uint32_t again_pause(void)
{
  return it.due == NEVER ? 0 : it.pause;
}

static bool is_enough(const struct again_rule *rule)
{
  return rule->restart == RESTART_ON_FAILURE && rule->most > 0 && it.tries >= rule->most;
}

static char *add_count(char *at, const char *end, const struct again_rule *rule)
{
  at = add_number(add_text(at, end, " ms (restart "), end, it.tries, 0);
  if (rule->restart == RESTART_ON_FAILURE && rule->most > 0) at = add_number(add_text(at, end, " of "), end, rule->most, 0);
  return add_text(at, end, ")");
}

/* `text`: what has come to pass, with room behind it. */
static bool plan_next(const struct again_rule *rule, char *text, char *at, const char *end)
{
  it.due = NEVER;
  if (is_enough(rule)) {
    at = add_number(add_text(at, end, "; it was started again "), end, it.tries, 0);
    add_text(at, end, it.tries == 1 ? " time, and is not any more" : " times, and is not any more");
    log_say(text);
    return false;
  }
  it.tries++;
  it.due = health_now() + it.pause;
  add_count(add_number(add_text(at, end, "; it is started again in "), end, it.pause, 0), end, rule);
  log_say(text);
  return true;
}

static void lengthen_pause(void)
{
  it.pause = it.pause == 0 ? FIRST_MS : it.pause >= LONGEST_MS / 2 ? LONGEST_MS : 2 * it.pause;
}

/* How the kernel ends process 1 of a pid namespace that has called reboot(2): by SIGINT for a halt and a power-off, by SIGHUP for a reboot. pid_namespaces(7) */
static bool is_by(int status, int signal)
{
  return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

/* A system that has halted, or powered off, has ended as it was asked to. */
static bool is_as_meant(int status, bool system)
{
  return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (system && is_by(status, SIGINT));
}

static void add_ending(char ending[ENDING_MAX], int status, bool system)
{
  const char *word = !system ? NULL : is_by(status, SIGINT) ? "power-off" : is_by(status, SIGHUP) ? "reboot" : NULL;
  if (word != NULL) add_text(ending, ending + ENDING_MAX, word);
  else ending_text(ending, status);
}

bool again_after(int status, bool system)
{
  struct again_rule rule;
  char text[128], ending[ENDING_MAX];
  const char *end = text + sizeof text;
  it.status = status;
  it.due = it.deadline = NEVER;
  if (!read_rule(&rule)) return false;
  if (rule.restart == RESTART_ON_FAILURE && is_as_meant(status, system)) return false;
  if (health_now() - it.begun >= LONG_RUN_MS) it.pause = 0;
  lengthen_pause();
  add_ending(ending, status, system);
  char *at = add_text(add_text(add_text(text, end, "the command has ended ("), end, ending), end, ")");
  return plan_next(&rule, text, at, end);
}

enum again again_after_failure(const struct trouble *trouble)
{
  struct again_rule rule;
  char text[256];
  const char *end = text + sizeof text;
  it.due = NEVER;
  if (!read_rule(&rule)) return AGAIN_CALLED_OFF;
  lengthen_pause();
  char *at = add_trouble(add_text(text, end, "the command cannot be started: "), end, "the program", trouble);
  return plan_next(&rule, text, at, end) ? AGAIN_LATER : AGAIN_FAILED;
}

static int64_t next_time(void)
{
  return it.due < it.deadline ? it.due : it.deadline;
}

int again_wait(void)
{
  if (next_time() == NEVER) return -1;
  int64_t left = next_time() - health_now();
  return left <= 0 ? 0 : (int)left;
}

bool again_is_due(void)
{
  return it.due != NEVER && health_now() >= it.due;
}

void again_unhealthy(void)
{
  struct again_rule rule;
  if (it.ending || !read_rule(&rule) || rule.restart != RESTART_UNLESS_HEALTHY) return;
  it.ending = true;
  log_say("the container is unhealthy: its command is ended");
  stk_pidfd_signal(FD_CHILD, (int)rule.stop_signal);
  it.deadline = health_now() + rule.grace;
  fault_point();
}

void again_insist(void)
{
  if (it.deadline == NEVER || health_now() < it.deadline) return;
  it.deadline = NEVER;
  stk_pidfd_signal(FD_CHILD, SIGKILL);
  fault_point();
}

/* ---- raising it */

struct pages {
  const uint8_t *at;
  size_t len;
};

static void release(struct pages *pages)
{
  if (pages->at != NULL) munmap((void *)(uintptr_t)pages->at, pages->len);
}

struct launch {
  struct pages pages, kept;
  struct stat file;
  struct again_rule rule;
  struct run_record record;
};

static enum again map_launch(struct launch *launch, struct trouble *trouble)
{
  int fd cleanup_fd = open_launch();
  if (fd < 0 || fstat(fd, &launch->file) < 0) return AGAIN_CALLED_OFF;
  launch->pages.at = record_map(fd, &launch->pages.len);
  if (launch->pages.at == NULL || !record_read_again(launch->pages.at, launch->pages.len, &launch->rule, &launch->record)) {
    trouble_is(trouble, STAGE_RECORD, 0, EINVAL);
    return AGAIN_FAILED;
  }
  return launch->rule.monitor == (uint32_t)getpid() ? AGAIN_RAISED : AGAIN_CALLED_OFF;
}

/* The files that the container is given are in the record that it was launched with, and nowhere else. */
static bool map_given(struct launch *launch, struct trouble *trouble)
{
  struct run_record first;
  if (launch->record.restarts != RESTARTS_GIVING) return true;
  launch->kept.at = record_map(FD_KEPT, &launch->kept.len);
  if (launch->kept.at == NULL || !record_read_run(launch->kept.at, launch->kept.len, &first)) return trouble_is(trouble, STAGE_RECORD, 0, EINVAL);
  launch->record.given = first.given;
  return true;
}

/* Those that it holds it has; of others the processes that they lived by are gone. */
static bool take_held_spaces(struct run_record *record, struct trouble *trouble)
{
  static const struct text held = {"/", 1};
  for (int n = 0; n < SPACE_COUNT; n++) {
    if (space_mode(record, n) == SPACE_HOST) continue;
    if (space_held(n) >= 0) record->spaces[n] = held;
    else if (space_mode(record, n) == SPACE_JOINED) return trouble_is(trouble, STAGE_JOIN, (uint32_t)n, ESRCH);
  }
  record->uid_map.len = record->gid_map.len = 0;
  return true;
}

/* Without a pid namespace of its own, its end has left others of the container alive; a system has left groups. */
static void end_left(const struct run_record *record)
{
  if (record->init == INIT_SYSTEM && record->cgroup2.len > 0) remove_subgroups(record->cgroup2.at);
  if (space_mode(record, SPACE_PID) == SPACE_NEW || record->cgroup2.len == 0) return;
  int fd cleanup_fd = cgroup_open(record->cgroup2.at, "cgroup.kill");
  if (fd >= 0) stk_write_all(fd, "1", 1);
  fault_point();
}

static bool is_current(const struct launch *launch)
{
  struct stat now;
  return fstatat(FD_RUN, "launch", &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == launch->file.st_dev && now.st_ino == launch->file.st_ino;
}

static enum again raise_child_of(struct launch *launch, pid_t *child, struct trouble *trouble)
{
  struct run_record *record = &launch->record;
  pid_t pid = 0;
  if (!map_given(launch, trouble) || !take_held_spaces(record, trouble)) return AGAIN_FAILED;
  end_left(record);
  if (!open_for_child(record, trouble) || !raise_child(record, &pid, trouble) || !take_output(trouble)) {
    if (pid > 0) put_down(pid, trouble);
    return AGAIN_FAILED;
  }
  fault_point();
  /* Whoever has written another one, or none, counts on it that from then on nothing is started by the former. */
  if (!is_current(launch)) {
    put_down(pid, trouble);
    return AGAIN_LATER;
  }
  message_send(FD_SYNC, KIND_GO, 0, 0, 0);
  fault_point();
  *child = pid;
  return AGAIN_RAISED;
}

enum again again_raise(pid_t *child, struct trouble *trouble)
{
  struct launch launch = {0};
  it.due = NEVER;
  enum again result = map_launch(&launch, trouble);
  if (result == AGAIN_RAISED) result = raise_child_of(&launch, child, trouble);
  release(&launch.pages);
  release(&launch.kept);
  if (result == AGAIN_FAILED || result == AGAIN_LATER) close_raised();
  if (result == AGAIN_LATER) it.due = health_now();
  return result;
}
