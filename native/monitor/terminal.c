#define _GNU_SOURCE
#include "terminal.h"

#include "../common/process.h"
#include "fds.h"
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#define DEVPTS_MAGIC 0x1cd1      /* linux/magic.h */
#define GET_PEER _IO('T', 0x41)  /* TIOCGPTPEER */
#define NO_LINKS (STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_NO_MAGICLINKS) /* and not IN_ROOT, which takes the working folder for the root */
#define MASTER_FLAGS (O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)

/* Out of the container's own devpts; where that one has no ptmx for everybody (the host's), by the device beside it. */
static int open_multiplexer(void)
{
  struct statfs system;
  int folder cleanup_fd = stk_openat2(AT_FDCWD, "/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, NO_LINKS);
  if (folder < 0) return folder;
  if (fstatfs(folder, &system) < 0) return -errno;
  if (system.f_type != DEVPTS_MAGIC) return -ENOTTY;
  int master = stk_openat2(folder, "ptmx", MASTER_FLAGS, 0, STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_BENEATH | STK_RESOLVE_NO_XDEV);
  return master == -EACCES ? stk_openat2(AT_FDCWD, "/dev/ptmx", MASTER_FLAGS, 0, NO_LINKS) : master;
}

/* The container may have put anything in its place. */
static int open_master(void)
{
  struct stat status;
  int master cleanup_fd = open_multiplexer();
  if (master < 0) return master;
  if (fstat(master, &status) < 0) return -errno;
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2)) return -ENOTTY;
  return steal_fd(&master);
}

/* The other end by the master itself, not by a path. */
static int open_peer(int master)
{
  int unlocked = 0;
  if (ioctl(master, TIOCSPTLCK, &unlocked) < 0) return -errno;
  int peer = ioctl(master, GET_PEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  return peer < 0 ? -errno : peer;
}

bool take_terminal(struct trouble *trouble)
{
  int none[MESSAGE_FDS];
  int master cleanup_fd = open_master();
  int peer cleanup_fd = master < 0 ? master : open_peer(master);
  int result = peer < 0 ? peer : message_send_fds(FD_CHILD_SYNC, KIND_READY, &master, 1);
  if (result < 0) return trouble_is(trouble, STAGE_STDIO, 1, result);
  if (!message_await(FD_CHILD_SYNC, KIND_MAPPED, none, NULL, trouble)) return false;
  result = ioctl(peer, TIOCSCTTY, 0) < 0 ? -errno : take_stdio(peer, peer, peer);
  return result == 0 || trouble_is(trouble, STAGE_STDIO, 1, result);
}

static struct {
  bool raw;
  struct termios before;
} user;

void terminal_resize(int master)
{
  struct winsize size;
  for (int fd = 0; fd <= 2; fd++) {
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) continue;
    ioctl(master, TIOCSWINSZ, &size);
    return;
  }
}

void terminal_begin(int master)
{
  terminal_resize(master);
  if (tcgetattr(0, &user.before) < 0) return;
  struct termios raw = user.before;
  cfmakeraw(&raw);
  user.raw = tcsetattr(0, TCSADRAIN, &raw) == 0;
}

void terminal_end(void)
{
  if (user.raw) tcsetattr(0, TCSADRAIN, &user.before);
  user.raw = false;
}
