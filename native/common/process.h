/*
 * Processes and descriptors: what the library and the monitor share. The monitor has neither malloc nor stdio, so
 * neither is used here. All functions return >= 0 or -errno.
 *
 * musl-gcc sees no <linux/...> headers, so the kernel's structures and numbers that libc does not know stand here.
 */
#ifndef STACK_PROCESS_H
#define STACK_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* clone3(2) */
#define STK_CLONE_NEWTIME 0x00000080ULL
#define STK_CLONE_VM 0x00000100ULL
#define STK_CLONE_PIDFD 0x00001000ULL
#define STK_CLONE_VFORK 0x00004000ULL
#define STK_CLONE_NEWNS 0x00020000ULL
#define STK_CLONE_NEWCGROUP 0x02000000ULL
#define STK_CLONE_NEWUTS 0x04000000ULL
#define STK_CLONE_NEWIPC 0x08000000ULL
#define STK_CLONE_NEWUSER 0x10000000ULL
#define STK_CLONE_NEWPID 0x20000000ULL
#define STK_CLONE_NEWNET 0x40000000ULL
#define STK_CLONE_CLEAR_SIGHAND 0x100000000ULL
#define STK_CLONE_INTO_CGROUP 0x200000000ULL

struct stk_clone_args {
  uint64_t flags;
  uint64_t pidfd; /* int *, set with CLONE_PIDFD */
  uint64_t child_tid;
  uint64_t parent_tid;
  uint64_t exit_signal;
  uint64_t stack; /* lowest address */
  uint64_t stack_size;
  uint64_t tls;
  uint64_t set_tid;
  uint64_t set_tid_size;
  uint64_t cgroup; /* descriptor of a cgroup2 folder, with CLONE_INTO_CGROUP */
};

/* openat2(2) */
#define STK_RESOLVE_NO_XDEV 0x01ULL
#define STK_RESOLVE_NO_MAGICLINKS 0x02ULL
#define STK_RESOLVE_NO_SYMLINKS 0x04ULL
#define STK_RESOLVE_BENEATH 0x08ULL
#define STK_RESOLVE_IN_ROOT 0x10ULL

/* close_range(2) */
#define STK_CLOSE_RANGE_CLOEXEC 4U

/* Bytes for the start time of a process as text, NUL-padded. */
#define STK_START_TIME_LEN 24

/* clone3(2) as fork: returns twice, the child on a copy of this memory. Not for CLONE_VM. */
int stk_clone3(struct stk_clone_args *args);

/*
 * clone3(2) with CLONE_VM: `run(arg)` is called in the child on the stack named in args, and its result is the exit
 * status. -ENOSYS on an architecture for which the few instructions are not written.
 */
int stk_clone3_run(struct stk_clone_args *args, int (*run)(void *), void *arg);

int stk_pidfd_of(pid_t pid);
int stk_pidfd_signal(int pidfd, int signal);
int stk_close_range(unsigned first, unsigned last, unsigned flags);
int stk_openat2(int folder, const char *path, int flags, mode_t mode, uint64_t resolve);
int stk_execveat(int fd, char *const argv[], char *const env[]);

/* Field 22 of /proc/PID/stat (clock ticks since boot) as text. -ESRCH where there is no such process. */
int stk_start_time(pid_t pid, char out[STK_START_TIME_LEN]);

/* 1 once the process has called exec since it was forked, also when it has ended since, as long as it is not reaped; 0 or -errno. */
int stk_has_executed(pid_t pid);

/* Writes all of it, across short writes and EINTR. 0 or -errno. */
int stk_write_all(int fd, const void *data, size_t len);

/* Reads until end of file or until `len` bytes are there. The count, or -errno. */
ssize_t stk_read_all(int fd, void *data, size_t len);

/* int fd cleanup_fd = open(...): closed when the scope is left, unless stolen. */
void stk_close_fd(int *fd);
#define cleanup_fd __attribute__((cleanup(stk_close_fd)))

/* Takes the descriptor out of the hands of cleanup_fd. */
static inline int steal_fd(int *fd)
{
  int taken = *fd;
  *fd = -1;
  return taken;
}

#endif
