#define _GNU_SOURCE
#include "state.h"

#include "../common/process.h"
#include "faults.h"
#include "fds.h"
#include "text.h"

#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <sys/wait.h>
#include <unistd.h>

#define STATE_MAX 64

static int open_new(const char *name)
{
  return openat(FD_RUN, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
}

void state_reserve(void)
{
  static const char blanks[STATE_MAX];
  int fd cleanup_fd = open_new(".state");
  /* Where there is no room even now, it may come. */
  if (fd >= 0) stk_write_all(fd, blanks, sizeof blanks);
}

void ending_text(char text[ENDING_MAX], int status)
{
  const char *end = text + ENDING_MAX;
  bool exited = WIFEXITED(status);
  add_number(add_text(text, end, exited ? "exit " : "signal "), end, (uint64_t)(exited ? WEXITSTATUS(status) : WTERMSIG(status)), 0);
}

/* `at`: behind the last of what is in `text`. */
static bool put(const char *beside, const char *name, const char *text, const char *at)
{
  ssize_t len = at - text;
  int fd cleanup_fd = open_new(beside);
  if (fd < 0 || write(fd, text, (size_t)len) != len || ftruncate(fd, len) < 0) return false;
  fault_point();
  bool told = renameat(FD_RUN, beside, FD_RUN, name) == 0;
  fault_point();
  return told;
}

bool state_write(int status, time_t when, uint32_t pause)
{
  char text[STATE_MAX], ending[ENDING_MAX];
  const char *end = text + sizeof text;
  ending_text(ending, status);
  char *at = add_text(add_text(text, end, ending), end, "\nfinished ");
  at = add_number(at, end, (uint64_t)when, 0);
  if (pause > 0) at = add_number(add_text(at, end, "\nrestarting "), end, pause, 0);
  return put(".state", "state", text, add_text(at, end, "\n"));
}

void state_restarted(int status, uint32_t count)
{
  char text[STATE_MAX], ending[ENDING_MAX];
  const char *end = text + sizeof text;
  ending_text(ending, status);
  char *at = add_number(add_text(text, end, "count "), end, count, 0);
  at = add_text(add_text(add_text(at, end, "\nlast "), end, ending), end, "\n");
  put(".restarts", "restarts", text, at);
  unlinkat(FD_RUN, "state", 0);
  fault_point();
}
