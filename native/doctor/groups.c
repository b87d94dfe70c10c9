#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[512];

void remove_temporary_group(void)
{
  if (folder[0] != '\0') rmdir(folder);
  folder[0] = '\0';
}

/*
 * Waits, in a session of its own, until the process that made the group has ended, and takes the group away if that has not: a Ctrl-C
 * or a kill of one of the two leaves the other.
 */
static int start_janitor(void)
{
  int alive[2];
  char byte;
  if (pipe2(alive, O_CLOEXEC) < 0) return -errno;
  pid_t pid = fork();
  if (pid < 0) return -errno;
  if (pid != 0) {
    close(alive[0]);
    return 0;
  }
  setsid();
  /* Whoever reads what the doctor says must not wait for this process. */
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
  close(alive[1]);
  while (read(alive[0], &byte, 1) < 0 && errno == EINTR) continue;
  remove_temporary_group();
  _exit(0);
}

int temporary_group(const char *parent)
{
  snprintf(folder, sizeof folder, "%s/stack-doctor.%d", parent, getpid());
  int result = start_janitor();
  if (result < 0) return result;
  if (mkdir(folder, 0755) < 0) return -errno;
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) return fd;
  result = -errno;
  remove_temporary_group();
  return result;
}

/* What it says is written back to it: the kernel's whole way of a limit, and nothing is different. */
static int rewrite(int group, const char *name)
{
  char value[256];
  int fd cleanup_fd = openat(group, name, O_RDWR | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t length = read(fd, value, sizeof value);
  if (length < 0) return -errno;
  /* Nothing is limited yet, and so there is nothing to write back (io.max, cpuset.cpus). */
  if (length <= 1) return 0;
  return pwrite(fd, value, (size_t)length, 0) < 0 ? -errno : 0;
}

/* FOLDER,FILE,…: a group in the folder, whose files that are there are written; which were is told, blanks between them. */
int try_group(const char *what, struct outcome *outcome)
{
  char request[512], *rest, *saved = outcome->text;
  snprintf(request, sizeof request, "%s", what);
  const char *parent = strtok_r(request, ",", &rest);
  if (parent == NULL) return -EINVAL;
  int group cleanup_fd = temporary_group(parent);
  if (group < 0) return group;
  for (const char *name; (name = strtok_r(NULL, ",", &rest)) != NULL;)
    if (rewrite(group, name) == 0)
      saved += snprintf(saved, (size_t)(outcome->text + MOST_TEXT - saved), "%s%s", saved == outcome->text ? "" : " ", name);
  remove_temporary_group();
  return 0;
}
