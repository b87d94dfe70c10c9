#define _GNU_SOURCE
#include "../common/process.h"
#include "../common/weakened.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

EXPORT int32_t stk_abi(void)
{
  return STK_ABI;
}

/* poll(2) on an array of struct pollfd as bytes; what it found stands there. A signal ends the wait early, with 0. */
EXPORT int32_t stk_poll(uint8_t *pollfds, int32_t count, int32_t timeout_ms)
{
  if (count < 0) return -EINVAL;
  int n = poll((struct pollfd *)(void *)pollfds, (nfds_t)count, timeout_ms);
  if (n < 0) return errno == EINTR ? 0 : -errno;
  return n;
}

EXPORT int32_t stk_read(int32_t fd, uint8_t *out, int32_t len)
{
  ssize_t n;
  if (len < 0) return -EINVAL;
  do n = read(fd, out, (size_t)len);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : (int32_t)n;
}

/* The one byte that lets a monitor go on; the pipe is closed in any case. -EPIPE: the monitor is gone. */
EXPORT int32_t stk_go(int32_t go_fd)
{
  int fd cleanup_fd = go_fd;
  return stk_write_all(fd, "g", 1);
}

EXPORT int32_t stk_open(const char *path, int32_t flags, int32_t mode)
{
  int fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
  return fd < 0 ? -errno : fd;
}

EXPORT int32_t stk_close(int32_t fd)
{
  return close(fd) < 0 ? -errno : 0;
}

/*
 * A pidfd of exactly this process. The start time is read after the pidfd was opened: if it is the right one then, the
 * process had not been replaced before, and the pidfd is of it for ever.
 */
EXPORT int32_t stk_pidfd_open(int32_t pid, const char *start_time)
{
  char found[STK_START_TIME_LEN];
  if (pid <= 0) return -ESRCH;
  int fd cleanup_fd = stk_pidfd_of(pid);
  if (fd < 0) return fd;
  int result = stk_start_time(pid, found);
  if (result < 0) return result;
  return strcmp(found, start_time) == 0 || weakened("start-times") ? steal_fd(&fd) : -ESRCH;
}

/* A signal to exactly this process, or -ESRCH. */
EXPORT int32_t stk_signal(int32_t pid, const char *start_time, int32_t signal)
{
  int pidfd cleanup_fd = stk_pidfd_open(pid, start_time);
  return pidfd < 0 ? pidfd : stk_pidfd_signal(pidfd, signal);
}

/*
 * Limits of exactly this process, as a struct rlimit64, or -ESRCH. prlimit(2) knows no pidfds: that one is held open meanwhile does not keep
 * the number from being used again, but a whole round of numbers does not fit in between.
 */
EXPORT int32_t stk_set_limit(int32_t pid, const char *start_time, int32_t resource, const uint8_t *limit)
{
  int pidfd cleanup_fd = stk_pidfd_open(pid, start_time);
  if (pidfd < 0) return pidfd;
  return syscall(SYS_prlimit64, pid, resource, limit, NULL) < 0 ? -errno : 0;
}

/* 1: our child `pid` has ended and is reaped. 0: it still runs. -ECHILD: no child of ours. */
EXPORT int32_t stk_reap(int32_t pid)
{
  siginfo_t info = {0};
  if (pid <= 0) return -ECHILD;
  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) < 0) return -errno;
  return info.si_pid == pid ? 1 : 0;
}
