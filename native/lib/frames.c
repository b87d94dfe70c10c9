#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Protocol 0: it takes nothing in. A socket is of the network namespace it was made in, for ever. */
static int open_packets(const char *ns_path)
{
  struct visit visit;
  int result = visit_begin(&visit, ns_path, "");
  if (result < 0) return result;
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  result = fd < 0 ? -errno : fd;
  visit_end(&visit);
  return result;
}

static int send_frame(int fd, int link, const uint8_t *frame, size_t len)
{
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = link, .sll_protocol = htons(ETH_P_ALL), .sll_halen = ETH_ALEN};
  if (len < ETH_HLEN) return -EINVAL;
  memcpy(to.sll_addr, frame, ETH_ALEN);
  return sendto(fd, frame, len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) < 0 ? -errno : 0;
}

/*
 * Sends Ethernet frames by a link of the namespace of that file ("": this one's), each behind its length, two bytes in the machine's order. The first that is refused
 * ends it. packet(7)
 */
EXPORT int32_t stk_send_frames(const char *ns_path, const char *link, const uint8_t *frames, int32_t len)
{
  struct ifreq request = {0};
  size_t name = strlen(link), left = (size_t)len;
  if (len < 0 || name >= sizeof request.ifr_name) return -ERANGE;
  memcpy(request.ifr_name, link, name);
  int fd cleanup_fd = open_packets(ns_path);
  if (fd < 0) return fd;
  if (ioctl(fd, SIOCGIFINDEX, &request) < 0) return -errno;
  while (left > 0) {
    uint16_t size;
    if (left < sizeof size) return -EINVAL;
    memcpy(&size, frames, sizeof size);
    if (left - sizeof size < size) return -EINVAL;
    int result = send_frame(fd, request.ifr_ifindex, frames + sizeof size, size);
    if (result < 0) return result;
    frames += sizeof size + size;
    left -= sizeof size + size;
  }
  return 0;
}
