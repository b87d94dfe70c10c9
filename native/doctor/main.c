#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
  const char *name;
  int (*run)(const char *what, struct outcome *outcome);
} tries[] = {
    {"namespace", try_namespace}, {"link", try_link},           {"qdisc", try_qdisc},
    {"nftables", try_nftables},   {"overlay", try_overlay},     {"idmapped", try_idmapped},
    {"seccomp", try_seccomp},     {"devices", try_device_program}, {"group", try_group},
    {"ids", try_subordinate_ids},
};

/* `NAME` or `NAME:WHAT`. */
static int run(const char *request, struct outcome *outcome)
{
  const char *colon = strchr(request, ':');
  size_t length = colon == NULL ? strlen(request) : (size_t)(colon - request);
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
    if (strlen(tries[i].name) == length && strncmp(tries[i].name, request, length) == 0)
      return tries[i].run(colon == NULL ? "" : colon + 1, outcome);
  return -EINVAL;
}

/* In a process of its own, whose end is the end of all that it has made. The errno; what it died of is told as ENOTRECOVERABLE. */
static int run_apart(const char *request, struct outcome *outcome)
{
  int status;
  pid_t parent = getpid(), pid = fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(ECHILD);
    _exit(-run(request, outcome));
  }
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : ENOTRECOVERABLE;
}

/*
 * stack-doctor REQUEST…: a line for each, with tabs between: the request, `user` where it took a user namespace of its own and else
 * `self`, the errno, the kernel's words.
 */
int main(int argc, char **argv)
{
  struct outcome *outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (outcome == MAP_FAILED) return 1;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 1; i < argc; i++) {
    memset(outcome, 0, sizeof *outcome);
    int error = run_apart(argv[i], outcome);
    outcome->text[MOST_TEXT - 1] = '\0';
    printf("%s\t%s\t%d\t%s\n", argv[i], outcome->in_user_namespace ? "user" : "self", error, outcome->text);
    fflush(stdout);
  }
  return 0;
}
