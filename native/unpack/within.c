#define _GNU_SOURCE
#include "unpack.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void cannot(const char *what)
{
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  _exit(126);
}

/* Process 1 of its namespace: with it all that it has begun is gone. */
static _Noreturn void run(char **argv)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) cannot("mount /proc");
  execvp(argv[0], argv);
  cannot(argv[0]);
}

/* What the program mounts and begins ends with it, and it ends with this process, as this one does with its parent. */
int run_within(char **argv)
{
  if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0) cannot("unshare");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) cannot("mount --make-rprivate /");
  pid_t child = fork();
  if (child < 0) cannot("fork");
  if (child == 0) run(argv);
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) cannot("wait");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
