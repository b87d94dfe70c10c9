#define _GNU_SOURCE
#include "init.h"

#include "command.h"
#include "fds.h"
#include "identity.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void run_command(char *const argv[], char *const env[])
{
  struct trouble trouble;
  sigset_t none;
  fcntl(FD_CHILD_SYNC, F_SETFD, FD_CLOEXEC);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  trouble_is(&trouble, STAGE_EXEC, 0, exec_words(argv, env));
  message_send_failure(FD_CHILD_SYNC, &trouble);
  end_confined(1);
}

/* All that have ended by now; the command's status ends this process, and with it all others of the container. */
static void reap(pid_t command)
{
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    if (pid == command) end_confined(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

_Noreturn void run_init(char *const argv[], char *const env[])
{
  sigset_t all;
  prctl(PR_SET_NAME, INIT_TITLE, 0, 0, 0);
  /* Nothing is lost between the start of the command and the first wait: what is blocked stays pending. */
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  /* Under the command's own filter already, which does not know clone3(2). */
  pid_t command = fork();
  if (command == 0) run_command(argv, env);
  if (command < 0) message_send(FD_CHILD_SYNC, KIND_FAILED, STAGE_EXEC, 0, (uint32_t)errno);
  /* With it the monitor would never see the exec, and with the others a reader no end of the command's output. */
  for (int fd = 0; fd <= 2; fd++) close(fd);
  close(FD_CHILD_SYNC);
  if (command < 0) end_confined(1);
  for (;;) {
    int signal = sigwaitinfo(&all, NULL);
    if (signal == SIGCHLD) reap(command);
    else if (signal > 0) kill(command, signal);
  }
}
