#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers that are the same on every architecture (asm-generic/unistd.h), for a libc older than they are. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

static int result_of(long value)
{
  return value < 0 ? -errno : (int)value;
}

int stk_clone3(struct stk_clone_args *args)
{
  return result_of(syscall(SYS_clone3, args, sizeof *args));
}

/*
 * With CLONE_VM the child must not return through a frame that it shares with its parent: it gets a stack of its own,
 * calls `run` from there and exits, all inside the asm statement. Only the parent comes out of it.
 */
int stk_clone3_run(struct stk_clone_args *args, int (*run)(void *), void *arg)
{
#if defined(__x86_64__)
  long result = SYS_clone3;
  register int (*run_in)(void *) __asm__("r8") = run;
  register void *arg_in __asm__("r9") = arg;
  __asm__ volatile("syscall\n\t"
                   "testq %%rax, %%rax\n\t"
                   "jnz 1f\n\t"
                   "xorl %%ebp, %%ebp\n\t"
                   "movq %%r9, %%rdi\n\t"
                   "callq *%%r8\n\t"
                   "movl %%eax, %%edi\n\t"
                   "movl %[exit], %%eax\n\t"
                   "syscall\n\t"
                   "hlt\n"
                   "1:"
                   : "+a"(result)
                   : "D"(args), "S"(sizeof *args), "r"(run_in), "r"(arg_in), [exit] "i"(SYS_exit)
                   : "rcx", "r11", "memory", "cc");
  return (int)result;
#elif defined(__aarch64__)
  register long x0 __asm__("x0") = (long)args;
  register long x1 __asm__("x1") = sizeof *args;
  register long x8 __asm__("x8") = SYS_clone3;
  register int (*run_in)(void *) __asm__("x9") = run;
  register void *arg_in __asm__("x10") = arg;
  __asm__ volatile("svc #0\n\t"
                   "cbnz x0, 1f\n\t"
                   "mov x29, #0\n\t"
                   "mov x0, x10\n\t"
                   "blr x9\n\t"
                   "mov x8, %[exit]\n\t"
                   "svc #0\n\t"
                   "brk #0\n"
                   "1:"
                   : "+r"(x0)
                   : "r"(x1), "r"(x8), "r"(run_in), "r"(arg_in), [exit] "i"(SYS_exit)
                   : "x30", "memory", "cc");
  return (int)x0;
#else
  (void)args;
  (void)run;
  (void)arg;
  return -ENOSYS;
#endif
}

int stk_pidfd_of(pid_t pid)
{
  return result_of(syscall(SYS_pidfd_open, pid, 0));
}

int stk_pidfd_signal(int pidfd, int signal)
{
  return result_of(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int stk_close_range(unsigned first, unsigned last, unsigned flags)
{
  return result_of(syscall(SYS_close_range, first, last, flags));
}

/* A bound on what can only be bad luck. */
#define MOST_TRIES 1000

/* EAGAIN: something was renamed or mounted anywhere meanwhile, so that a `..` on the way may lead elsewhere by now. openat2(2) */
int stk_openat2(int folder, const char *path, int flags, mode_t mode, uint64_t resolve)
{
  struct {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
  } how = {.flags = (uint32_t)flags, .mode = mode, .resolve = resolve};
  int fd = -EAGAIN;
  for (int n = 0; n < MOST_TRIES && fd == -EAGAIN; n++) fd = result_of(syscall(SYS_openat2, folder, path, &how, sizeof how));
  return fd;
}

int stk_execveat(int fd, char *const argv[], char *const env[])
{
  return result_of(syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH));
}

void stk_close_fd(int *fd)
{
  int kept = errno;
  if (*fd >= 0) close(*fd);
  errno = kept;
}

int stk_write_all(int fd, const void *data, size_t len)
{
  const char *at = data;
  while (len > 0) {
    ssize_t n = write(fd, at, len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    at += n;
    len -= (size_t)n;
  }
  return 0;
}

ssize_t stk_read_all(int fd, void *data, size_t len)
{
  char *at = data;
  size_t got = 0;
  while (got < len) {
    ssize_t n = read(fd, at + got, len - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    if (n == 0) break;
    got += (size_t)n;
  }
  return (ssize_t)got;
}

/* "/proc/PID/stat" without stdio; `out` holds at least 32 bytes. */
static void stat_path(pid_t pid, char *out)
{
  static const char head[] = "/proc/", tail[] = "/stat";
  char digits[12];
  int n = 0;
  do {
    digits[n++] = (char)('0' + pid % 10);
    pid /= 10;
  } while (pid > 0);
  memcpy(out, head, sizeof head - 1);
  out += sizeof head - 1;
  while (n > 0) *out++ = digits[--n];
  memcpy(out, tail, sizeof tail);
}

/* A numeric field of /proc/PID/stat as text, NUL-padded to `size`. proc_pid_stat(5) */
static int stat_field(pid_t pid, int number, char *out, size_t size)
{
  char path[32], line[1024];
  if (pid <= 0) return -ESRCH;
  stat_path(pid, path);
  int fd cleanup_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? -ESRCH : -errno;
  ssize_t n = stk_read_all(fd, line, sizeof line - 1);
  if (n <= 0) return n == 0 ? -ESRCH : (int)n;
  line[n] = '\0';

  /* Field 2, the name, may hold blanks and parentheses: count from the last ")", behind which field 3 begins. */
  const char *at = strrchr(line, ')');
  for (int field = 2; at != NULL && field < number; field++) {
    at = strchr(at, ' ');
    if (at != NULL) at++;
  }
  if (at == NULL) return -EINVAL;
  size_t len = strspn(at, "0123456789");
  if (len == 0 || len >= size) return -EINVAL;
  memset(out, 0, size);
  memcpy(out, at, len);
  return 0;
}

int stk_start_time(pid_t pid, char out[STK_START_TIME_LEN])
{
  return stat_field(pid, 22, out, STK_START_TIME_LEN);
}

/* <linux/sched.h> PF_FORKNOEXEC: set by fork, cleared by exec before it closes descriptors, and still there in a zombie. */
#define FORKED_BUT_NO_EXEC 0x40U

int stk_has_executed(pid_t pid)
{
  char text[24];
  unsigned long long flags = 0;
  int result = stat_field(pid, 9, text, sizeof text);
  if (result < 0) return result;
  for (const char *at = text; *at != '\0'; at++) flags = flags * 10 + (unsigned)(*at - '0');
  return (flags & FORKED_BUT_NO_EXEC) == 0;
}
