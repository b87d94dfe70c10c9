#define _GNU_SOURCE
#include "../common/process.h"
#include "../common/weakened.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where a monitor finds what it is given. */
enum { RECORD_FD = 3, STATUS_FD = 4, GO_FD = 5, GIVEN_FDS = 6 };

/* Above all of those, so that putting one in its place cannot close another. */
#define SAFE_FD 64

#define CHILD_STACK 32768

/* Node ignores SIGPIPE and others; a container's command must find everything at its default. */
static void default_signals(void)
{
  for (int number = 1; number < _NSIG; number++) signal(number, SIG_DFL);
}

static void unblock_signals(void)
{
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

struct child {
  int program;
  int given[GIVEN_FDS];
  char *argv[2];
  volatile int error;
};

/* A close-on-exec copy above what a child is given. Under a limit below that number the kernel says EINVAL, and means EMFILE. */
static int copy_above(int fd)
{
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, SAFE_FD);
  if (copy >= 0) return copy;
  return errno == EINVAL ? -EMFILE : -errno;
}

/* Copies of all six above SAFE_FD first, then each to its number, where it stays open across exec; all others do not. */
static int place_descriptors(const int given[GIVEN_FDS])
{
  int safe[GIVEN_FDS];
  for (int n = 0; n < GIVEN_FDS; n++) {
    safe[n] = copy_above(given[n]);
    if (safe[n] < 0) return safe[n];
  }
  for (int n = 0; n < GIVEN_FDS; n++)
    if (dup2(safe[n], n) < 0) return -errno;
  return weakened("descriptors") ? 0 : stk_close_range(GIVEN_FDS, ~0U, STK_CLOSE_RANGE_CLOEXEC);
}

/*
 * Runs in the parent's memory while the parent waits for its exec. All signals are blocked, and stay so across the exec: a
 * Ctrl-C goes to the terminal's whole foreground group, which a monitor belongs to until it has a session of its own.
 * `program` may be below GIVEN_FDS: it is moved away first.
 */
static int run_child(void *arg)
{
  struct child *child = arg;
  static char *const no_environment[] = {NULL};
  int program = copy_above(child->program);
  int result = program < 0 ? program : place_descriptors(child->given);
  if (result == 0) {
    default_signals();
    result = stk_execveat(program, child->argv, no_environment);
  }
  child->error = result;
  return 127;
}

/* Where clone3 with shared memory is not written for this architecture: a copy, which costs more the larger Node is. */
static int fork_child(struct stk_clone_args *args, struct child *child)
{
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) return -errno;
  int from cleanup_fd = report[0], to cleanup_fd = report[1];
  args->flags &= ~(STK_CLONE_VM | STK_CLONE_VFORK);
  args->stack = args->stack_size = 0;
  int pid = stk_clone3(args);
  if (pid == 0) {
    run_child(child);
    int error = child->error;
    stk_write_all(to, &error, sizeof error);
    _exit(127);
  }
  if (pid > 0) {
    int error = 0;
    close(steal_fd(&to));
    if (stk_read_all(from, &error, sizeof error) == sizeof error) child->error = error;
  }
  return pid;
}

/*
 * clone3, as vfork does it, into the cgroup; then exec. The pid; `pidfd` is open. A child that could not exec is reaped.
 *
 * Should the kernel's pages of this process be a gigabyte, this costs the same: nothing of them is copied.
 */
static int start(struct child *child, int cgroup, int *pidfd)
{
  _Alignas(16) static uint8_t stack[CHILD_STACK];
  struct stk_clone_args args = {
      .flags = STK_CLONE_VM | STK_CLONE_VFORK | STK_CLONE_PIDFD | STK_CLONE_CLEAR_SIGHAND,
      .pidfd = (uint64_t)(uintptr_t)pidfd,
      .exit_signal = SIGCHLD,
      .stack = (uint64_t)(uintptr_t)stack,
      .stack_size = sizeof stack,
  };
  if (cgroup >= 0) {
    args.flags |= STK_CLONE_INTO_CGROUP;
    args.cgroup = (uint64_t)cgroup;
  }
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  int pid = stk_clone3_run(&args, run_child, child);
  if (pid == -ENOSYS) pid = fork_child(&args, child);
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (pid > 0 && child->error != 0) {
    waitpid(pid, NULL, 0);
    close(steal_fd(pidfd));
    return child->error;
  }
  return pid;
}

static int open_cgroup(const char *folder)
{
  if (folder[0] == '\0') return -1;
  int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

/*
 * Descriptors 0-2 of a monitor are /dev/null, 3 is the record, 4 the status pipe's end to write, 5 the go pipe's end to read; its only
 * argument is its title, its environment empty, and it is born in the cgroup2 folder, if one is named.
 */
int32_t spawn_monitor(const struct launch *launch, struct spawned *spawned)
{
  int go[2];
  int program = program_fd(launch->monitor);
  if (program < 0) return program;
  int cgroup cleanup_fd = open_cgroup(launch->cgroup2);
  if (cgroup < 0 && launch->cgroup2[0] != '\0') return cgroup;
  int null cleanup_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return -errno;
  int memory cleanup_fd = record_memfd(launch->record, launch->len);
  if (memory < 0) return memory;
  if (pipe2(go, O_CLOEXEC) < 0) return -errno;
  int go_read cleanup_fd = go[0], go_write cleanup_fd = go[1];

  int pidfd cleanup_fd = -1;
  struct child child = {
      .program = program,
      .given = {null, null, null, memory, launch->status, go_read},
      .argv = {(char *)(uintptr_t)launch->title, NULL},
  };
  int pid = start(&child, cgroup, &pidfd);
  if (pid < 0) return pid;

  /* It cannot have been replaced: it is ours to reap, and nobody has. */
  int result = stk_start_time(pid, spawned->start_time);
  if (result < 0) return result;
  spawned->pid = pid;
  spawned->pidfd = steal_fd(&pidfd);
  spawned->go_fd = steal_fd(&go_write);
  return 0;
}

/* Standard descriptors as a command expects them: Node has made them close-on-exec, and some of them non-blocking. */
static void release_stdio(void)
{
  for (int fd = 0; fd <= 2; fd++) {
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    fcntl(fd, F_SETFD, 0);
  }
}

/*
 * This process becomes the monitor's program in exec mode, with descriptors 0-2 as they are and 3 the record. Comes
 * back only with -errno. What was changed until then does no harm to a caller that prints an error and ends.
 */
EXPORT int32_t stk_become(const char *monitor, const uint8_t *record, int32_t len)
{
  static char *const argv[] = {(char *)(uintptr_t) "stack-monitor", NULL};
  static char *const no_environment[] = {NULL};
  if (len < 0) return -EINVAL;
  int program cleanup_fd = open_program(monitor);
  if (program < 0) return program;
  int memory cleanup_fd = record_memfd(record, (size_t)len);
  if (memory < 0) return memory;
  int program_above cleanup_fd = copy_above(program);
  if (program_above < 0) return program_above;
  int memory_above cleanup_fd = copy_above(memory);
  if (memory_above < 0) return memory_above;
  /* 3 is something of Node's: after this there is no way back but an error message. */
  if (dup2(memory_above, RECORD_FD) < 0) return -errno;
  int result = stk_close_range(RECORD_FD + 1, ~0U, STK_CLOSE_RANGE_CLOEXEC);
  if (result < 0) return result;
  release_stdio();
  default_signals();
  unblock_signals();
  return stk_execveat(program_above, argv, no_environment);
}

/* At most so many words in an argument list or environment. */
#define MOST_WORDS 65536

/* `text`: words, each ended by NUL, as a list that ends with NULL. */
static char **words_of(const uint8_t *text, int32_t len)
{
  size_t count = 0;
  if (len < 0 || (len > 0 && text[len - 1] != '\0')) return NULL;
  for (int32_t i = 0; i < len; i++) count += text[i] == '\0';
  char **list = count > MOST_WORDS ? NULL : calloc(count + 1, sizeof *list);
  for (int32_t at = 0, n = 0; list != NULL && at < len; at += (int32_t)strlen(list[n++]) + 1) list[n] = (char *)(uintptr_t)text + at;
  return list;
}

/* This process becomes the program at `path`, with descriptors 0-2 as they are and no others. Comes back only with -errno. */
EXPORT int32_t stk_exec(const char *path, const uint8_t *argv, int32_t argv_len, const uint8_t *env, int32_t env_len)
{
  char **arguments = words_of(argv, argv_len), **environment = words_of(env, env_len);
  int32_t result = arguments == NULL || environment == NULL ? -EINVAL : stk_close_range(3, ~0U, STK_CLOSE_RANGE_CLOEXEC);
  if (result == 0) {
    release_stdio();
    default_signals();
    unblock_signals();
    execve(path, arguments, environment);
    result = -errno;
  }
  free(arguments);
  free(environment);
  return result;
}
