#define _GNU_SOURCE
#include "../common/process.h"
#include "capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `net:[4026532000]` */
static char own[64];

static bool says(const char *path, const char *text)
{
  char found[64];
  ssize_t length = readlink(path, found, sizeof found - 1);
  if (length < 0) return false;
  found[length] = '\0';
  return strcmp(found, text) == 0;
}

/* Its pid may be another's by now: the start time is read after the pidfd was opened. */
static int hold(pid_t pid, const char *start_time)
{
  char found[STK_START_TIME_LEN];
  int fd cleanup_fd = stk_pidfd_of(pid);
  if (fd < 0 || stk_start_time(pid, found) < 0 || strcmp(found, start_time) != 0) return -1;
  return steal_fd(&fd);
}

int enter_place(const struct request *request)
{
  if (strcmp(request->namespace, "host") == 0) return -1;
  int holder = hold(request->holder, request->start_time);
  if (holder < 0) fail("the container has ended", 0, "`stack show` says what is live");
  int fd = open(request->namespace, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("the container's network namespace cannot be opened", errno, "run it as root");
  if (setns(fd, CLONE_NEWNET) < 0) fail("the container's network namespace cannot be entered", errno, "run it as root");
  close(fd);
  ssize_t length = readlink("/proc/self/ns/net", own, sizeof own - 1);
  own[length < 0 ? 0 : length] = '\0';
  return holder;
}

/*
 * The namespace lives as long as this process is in it: without looking who else has it, it would be captured for ever of what is
 * destroyed. A container that is started anew has a monitor that has opened the same one before the earlier one has ended.
 */
int next_holder(const struct request *request)
{
  const char *number = strrchr(request->namespace, '/');
  DIR *processes = opendir("/proc");
  int found = -1;
  for (struct dirent *entry; processes != NULL && found < 0 && (entry = readdir(processes)) != NULL;) {
    char path[64];
    int pid = atoi(entry->d_name);
    if (pid <= 0 || pid == getpid() || snprintf(path, sizeof path, "/proc/%d/fd%s", pid, number) >= (int)sizeof path) continue;
    if (!says(path, own)) continue;
    found = stk_pidfd_of(pid);
    /* It may have ended between the two. */
    if (found >= 0 && !says(path, own)) stk_close_fd(&found), found = -1;
  }
  if (processes != NULL) closedir(processes);
  return found < 0 ? -1 : found;
}
