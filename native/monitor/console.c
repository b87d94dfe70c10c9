#define _GNU_SOURCE
#include "console.h"

#include "../common/kernel-mounts.h"
#include "../common/process.h"
#include "fds.h"
#include "status.h"
#include "targets.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define GET_PEER _IO('T', 0x41) /* TIOCGPTPEER */
#define IN_ROOT (STK_RESOLVE_IN_ROOT | STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_NO_MAGICLINKS)
#define HEADER 4
enum frame { FRAME_INPUT, FRAME_SIZE };

static int open_master(void)
{
  struct stat status;
  int unlocked = 0;
  int fd cleanup_fd = stk_openat2(FD_ROOT, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0, IN_ROOT);
  if (fd < 0) return fd;
  if (fstat(fd, &status) < 0) return -errno;
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2)) return -ENOTTY;
  if (ioctl(fd, TIOCSPTLCK, &unlocked) < 0) return -errno;
  return steal_fd(&fd);
}

int make_console(const char *target)
{
  int master cleanup_fd = open_master();
  if (master < 0) return master;
  int peer = ioctl(master, GET_PEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  peer = fd_place(peer < 0 ? -errno : peer, FD_TERMINAL);
  if (peer < 0) return peer;
  int copy cleanup_fd = copy_mount_of(peer);
  if (copy < 0) return copy;
  int place cleanup_fd = open_target(target, 0);
  if (place < 0) return place;
  int result = move_mount_to(copy, place);
  const int ends[] = {master, peer};
  return result < 0 ? result : message_send_fds(FD_CHILD_SYNC, KIND_READY, ends, 2);
}

/* By the descriptor, as a path may be longer than an address. unix(7) */
static int open_door(void)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *end = address.sun_path + sizeof address.sun_path;
  add_text(add_number(add_text(address.sun_path, end, "/proc/self/fd/"), end, FD_RUN, 1), end, "/console");
  int fd = fd_place(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), FD_DOOR);
  if (fd < 0) return -errno;
  /* What another monitor of this container has left. */
  unlinkat(FD_RUN, "console", 0);
  if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0) return -errno;
  return fchmodat(FD_RUN, "console", 0600, 0) < 0 ? -errno : 0;
}

/* Its own end stays open here: a terminal that nobody has open has hung up, and could not be waited for. */
int console_take(const int fds[2])
{
  int master = fd_place(fds[0], FD_OUT), peer = fd_place(fds[1], FD_TERMINAL);
  if (master < 0 || peer < 0) return master < 0 ? master : peer;
  if (fcntl(FD_OUT, F_SETFL, O_NONBLOCK) < 0) return -errno;
  return open_door();
}

static struct {
  bool there;
  uint32_t held;
  uint8_t bytes[512];
} guest;

void console_admit(void)
{
  int fd = accept4(FD_DOOR, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  if (guest.there) {
    close(fd);
    return;
  }
  guest.there = fd_place(fd, FD_GUEST) >= 0;
  guest.held = 0;
}

bool console_has_guest(void)
{
  return guest.there;
}

static void see_off(void)
{
  close(FD_GUEST);
  guest.there = false;
}

/* False: that is none of ours. What the terminal does not take at once is lost, as on a line without flow control. */
static bool obey(uint8_t kind, const uint8_t *bytes, size_t len)
{
  struct winsize size = {0};
  if (kind == FRAME_INPUT) {
    ssize_t given = write(FD_OUT, bytes, len);
    return given >= 0 || errno == EAGAIN || errno == EIO;
  }
  if (kind != FRAME_SIZE || len != 4) return false;
  size.ws_row = (unsigned short)(bytes[0] | bytes[1] << 8);
  size.ws_col = (unsigned short)(bytes[2] | bytes[3] << 8);
  ioctl(FD_OUT, TIOCSWINSZ, &size);
  return true;
}

void console_hear(void)
{
  ssize_t got = read(FD_GUEST, guest.bytes + guest.held, sizeof guest.bytes - guest.held);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return see_off();
  guest.held += (uint32_t)got;
  for (;;) {
    size_t len = guest.held < HEADER ? 0 : (size_t)(guest.bytes[2] | guest.bytes[3] << 8);
    if (HEADER + len > sizeof guest.bytes) return see_off();
    if (guest.held < HEADER + len) return;
    if (!obey(guest.bytes[0], guest.bytes + HEADER, len)) return see_off();
    guest.held -= (uint32_t)(HEADER + len);
    memmove(guest.bytes, guest.bytes + HEADER + len, guest.held);
  }
}

void console_show(const char *bytes, size_t len)
{
  if (!guest.there) return;
  if (send(FD_GUEST, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN && errno != EINTR) see_off();
}

void console_close(void)
{
  if (guest.there) see_off();
  close(FD_DOOR);
  unlinkat(FD_RUN, "console", 0);
}
