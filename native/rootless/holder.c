#define _GNU_SOURCE
#include "rootless.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A lock of F_SETLK: the kernel tells whose it is, in this process's numbers, and it ends with that process. fcntl(2) */
static struct flock whole_file(short type)
{
  return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static int open_in(const char *run, const char *name, int flags)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", run, name);
  int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
  return fd < 0 ? -errno : fd;
}

/* Bytes of `.commands`, which need not be there: locked for reading by each command, and by the one that makes the holder. */
enum { PRESENT = 0, MAKING = 1 };

static int lock_byte(int fd, off_t byte, short type)
{
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
  while (fcntl(fd, F_OFD_SETLKW, &lock) < 0)
    if (errno != EINTR) return -errno;
  return 0;
}

void begin_making(int commands)
{
  int result = lock_byte(commands, MAKING, F_WRLCK);
  if (result < 0) fail("the lock of this user's stacks", -result, NULL);
}

void end_making(int commands)
{
  lock_byte(commands, MAKING, F_UNLCK);
}

/* The file is still what its name leads to: who took the last holder away has removed it. */
static int still_there(int fd)
{
  struct stat status;
  return fstat(fd, &status) == 0 && status.st_nlink > 0;
}

int enter_commands(const struct request *request)
{
  for (;;) {
    int fd = open_in(request->run, ".commands", request->keep ? O_RDWR | O_CREAT : O_RDWR);
    if (fd < 0) return fd;
    int result = lock_byte(fd, PRESENT, F_RDLCK);
    if (result < 0) return result;
    if (still_there(fd)) return fd;
    close(fd);
    if (request->keep && mkdir(request->run, 0755) < 0 && errno != EEXIST) return -errno;
  }
}

pid_t find_holder(const struct request *request)
{
  int fd cleanup_fd = open_in(request->run, ".holder", O_RDWR);
  if (fd < 0) return 0;
  struct flock lock = whole_file(F_WRLCK);
  if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK) return 0;
  return lock.l_pid;
}

/* newuidmap(1), newgidmap(1): the user itself is root inside, and its subordinate ids are those from 1 on. */
static void map_ids(const char *helper, pid_t pid, unsigned own, char *const range[2])
{
  char pid_text[24], own_text[24];
  int status;
  snprintf(pid_text, sizeof pid_text, "%d", pid);
  snprintf(own_text, sizeof own_text, "%u", own);
  pid_t child = fork();
  if (child == 0) {
    execlp(helper, helper, pid_text, "0", own_text, "1", "1", range[0], range[1], (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
  }
  if (child < 0 || waitpid(child, &status, 0) != child) fail(helper, errno, NULL);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    fail("newuidmap and newgidmap are not installed", 0, "install them (Debian: apt install uidmap), or run it as root");
  fail("this user's ids cannot be mapped", 0, "`stack doctor` says more");
}

/* The child that is to become the holder, until it is. */
static pid_t unborn;

static void remove_in(const char *folder, const char *name)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path);
}

void undo(const struct request *request, int commands)
{
  struct flock lock = whole_file(F_WRLCK);
  if (unborn > 0) {
    kill(unborn, SIGKILL);
    waitpid(unborn, NULL, 0);
  }
  if (commands < 0 || fcntl(commands, F_OFD_SETLK, &lock) < 0 || find_holder(request) != 0) return;
  remove_in(request->run, ".holder");
  remove_in(request->run, ".commands");
  rmdir(request->run);
  rmdir(request->data);
}

static int raise_loopback(void)
{
  struct {
    char name[16];
    short flags;
    char rest[22];
  } request = {.name = "lo", .flags = 1 /* IFF_UP */};
  int fd cleanup_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  return ioctl(fd, 0x8914 /* SIOCSIFFLAGS */, &request) < 0 ? -errno : 0;
}

/* What `ps` shows. The words of a command line lie behind one another: from the first one on there is room up to the last one's end. */
static void call_itself(const char *title, char *first, const char *end)
{
  size_t room = (size_t)(end - first);
  memset(first, 0, room);
  snprintf(first, room, "%s", title);
  prctl(PR_SET_NAME, title);
}

/* For good: no terminal, no signal but SIGKILL, nothing of the command's open. */
static _Noreturn void hold(const struct request *request, int lock)
{
  sigset_t all;
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
  /* The lock's own descriptor stays where it is: to close a copy of it would end the lock. */
  if (lock > 3) stk_close_range(3, (unsigned)lock - 1, 0);
  stk_close_range(lock < 0 ? 3 : (unsigned)lock + 1, ~0U, 0);
  char **last = request->command;
  while (last[1] != NULL) last++;
  call_itself("stack-holder", request->title, *last + strlen(*last));
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (;;) pause();
}

/* In the child: one step, whose result the other side hears. */
static void report(int to, int result)
{
  stk_write_all(to, &result, sizeof result);
  if (result < 0) _exit(1);
}

static int hear(int from)
{
  int result;
  return stk_read_all(from, &result, sizeof result) == sizeof result ? result : -ECHILD;
}

static int make_rest(const struct request *request)
{
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) return -errno;
  /* It has no secrets, and whoever is this user must find its namespaces in /proc; a change of ids closes them. proc(5) */
  if (prctl(PR_SET_DUMPABLE, 1) < 0) return -errno;
  /* Also those that hold nothing of ours: who visits a container's must be allowed back, and the host's are not this user's. */
  if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) < 0) return -errno;
  int result = raise_loopback();
  return result < 0 ? result : make_tree(request->data);
}

/*
 * The lock is taken by the process that stays, before it says that it is there. A process that holds one closes no other descriptor of
 * that file: that would end the lock.
 */
static int take_lock(const struct request *request)
{
  int fd = open_in(request->run, ".holder", O_RDWR | O_CREAT);
  struct flock lock = whole_file(F_WRLCK);
  if (fd < 0) return fd;
  return fcntl(fd, F_SETLK, &lock) < 0 ? -errno : fd;
}

static _Noreturn void be_holder(const struct request *request, pid_t parent, int to, int from)
{
  char byte;
  int lock = -1;
  /* Before the ids change, which makes the kernel forget it: a command that is killed meanwhile must leave nothing. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  if (request->keep) report(to, lock = take_lock(request));
  else report(to, 0);
  report(to, unshare(CLONE_NEWUSER) < 0 ? -errno : 0);
  if (stk_read_all(from, &byte, 1) != 1) _exit(1);
  int result = make_rest(request);
  if (result == 0 && request->keep && setsid() < 0) result = -errno;
  if (result == 0 && !request->keep) prctl(PR_SET_PDEATHSIG, SIGKILL);
  report(to, result);
  if (request->keep) prctl(PR_SET_PDEATHSIG, 0);
  hold(request, lock);
}

pid_t make_holder(const struct request *request)
{
  int up[2], down[2];
  if (pipe2(up, O_CLOEXEC) < 0 || pipe2(down, O_CLOEXEC) < 0) fail("pipe", errno, NULL);
  unsigned uid = geteuid(), gid = getegid();
  pid_t parent = getpid(), pid = fork();
  if (pid < 0) fail("fork", errno, NULL);
  if (pid == 0) {
    close(up[0]);
    close(down[1]);
    be_holder(request, parent, up[1], down[0]);
  }
  unborn = pid;
  close(up[1]);
  int result = hear(up[0]);
  if (result < 0) fail("the namespaces of this user's stacks cannot be held", -result, NULL);
  result = hear(up[0]);
  if (result < 0) fail("this user may not make a user namespace", -result, "`stack doctor` says more");
  map_ids("newuidmap", pid, uid, request->uids);
  map_ids("newgidmap", pid, gid, request->gids);
  stk_write_all(down[1], "", 1);
  result = hear(up[0]);
  if (result < 0) fail("the namespaces of this user's stacks cannot be made", -result, NULL);
  unborn = 0;
  return pid;
}
