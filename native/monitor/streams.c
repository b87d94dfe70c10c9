#define _GNU_SOURCE
#include "streams.h"

#include "../common/process.h"
#include "fds.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int make_output(const struct identity *identity)
{
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) return -errno;
  if (identity->uid != 0 || identity->gid != 0) {
    if (fchown(out[1], identity->uid, identity->gid) < 0 || fchown(err[1], identity->uid, identity->gid) < 0) return -errno;
  }
  int result = fd_place(out[1], FD_OUT);
  if (result >= 0) result = fd_place(err[1], FD_ERR);
  const int ends[] = {out[0], err[0]};
  if (result >= 0) result = message_send_fds(FD_CHILD_SYNC, KIND_READY, ends, 2);
  close(out[0]);
  close(err[0]);
  return result < 0 ? result : 0;
}

int open_null(void)
{
  struct stat status;
  int fd cleanup_fd = open("/dev/null", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) return -1;
  return fcntl(fd, F_SETFL, 0) < 0 ? -1 : steal_fd(&fd);
}
