#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * `ip tuntap add NAME mode tap [multi_queue] [user OWNER] [group GROUP]` in the namespace of that file ("": this one's): rtnetlink makes
 * none. A file is of the namespace it was opened in, for ever. The device is gone when the descriptor is closed, in whatever way, unless it is
 * kept first. -EBUSY where there is a link of that name. Ids are those of this process's user namespace; -1: any. tuntap.rst
 */
EXPORT int32_t stk_tap_open(const char *ns_path, const char *name, int32_t many, int32_t owner, int32_t group)
{
  struct visit visit;
  struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL | (many ? IFF_MULTI_QUEUE : 0))};
  size_t len = strlen(name);
  if (len >= sizeof request.ifr_name) return -ERANGE;
  memcpy(request.ifr_name, name, len);
  int result = visit_begin(&visit, ns_path, "");
  if (result < 0) return result;
  int fd cleanup_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  result = fd < 0 ? -errno : 0;
  visit_end(&visit);
  if (result < 0) return result;
  if (ioctl(fd, TUNSETIFF, &request) < 0) return -errno;
  if (owner != -1 && ioctl(fd, TUNSETOWNER, (unsigned long)(uint32_t)owner) < 0) return -errno;
  if (group != -1 && ioctl(fd, TUNSETGROUP, (unsigned long)(uint32_t)group) < 0) return -errno;
  return steal_fd(&fd);
}

/* The device stays when the descriptor is closed. */
EXPORT int32_t stk_tap_keep(int32_t fd)
{
  return ioctl(fd, TUNSETPERSIST, 1UL) < 0 ? -errno : 0;
}
