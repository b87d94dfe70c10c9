#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


/* rtnetlink(7): the two low bits of a message's type say what it does. */
#define RTNL_KIND(type) ((type) & 3)
#define RTNL_GET 2

static int set_option(int fd, int level, int option, int value)
{
  return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int open_socket(int protocol, int rcvbuf)
{
  int fd cleanup_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -errno;
  int result = set_option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  if (result == 0) result = set_option(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  if (result == 0) result = set_option(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  if (result < 0) return result;

  /* Above rmem_max only with CAP_NET_ADMIN in the first user namespace. */
  result = set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, rcvbuf);
  if (result == -EPERM) result = set_option(fd, SOL_SOCKET, SO_RCVBUF, rcvbuf);
  if (result < 0) return result;

  struct sockaddr_nl any = {.nl_family = AF_NETLINK};
  if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0) return -errno;
  return steal_fd(&fd);
}

/* A socket is of the network namespace it was made in, for ever. */
EXPORT int32_t stk_nl_open(int32_t rcvbuf)
{
  return open_socket(NETLINK_ROUTE, rcvbuf);
}

/*
 * The same for nf_tables and its like: with as much room to send, as a batch of theirs goes as one message. Who may not have that much
 * (in a user namespace) has what everybody has, wmem_default: some hundred rules.
 */
EXPORT int32_t stk_nl_open_netfilter(int32_t rcvbuf)
{
  int fd cleanup_fd = open_socket(NETLINK_NETFILTER, rcvbuf);
  if (fd < 0) return fd;
  int result = set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, rcvbuf);
  if (result < 0 && result != -EPERM) return result;
  return steal_fd(&fd);
}

EXPORT int32_t stk_nl_open_in(const char *ns_path, int32_t rcvbuf)
{
  struct visit visit;
  int result = visit_begin(&visit, ns_path, "");
  if (result < 0) return result;
  result = stk_nl_open(rcvbuf);
  visit_end(&visit);
  return result;
}

/* The same for generic netlink; "": this namespace. */
EXPORT int32_t stk_nl_open_generic_in(const char *ns_path, int32_t rcvbuf)
{
  struct visit visit;
  int result = visit_begin(&visit, ns_path, "");
  if (result < 0) return result;
  result = open_socket(NETLINK_GENERIC, rcvbuf);
  visit_end(&visit);
  return result;
}

/* <asm-generic/socket.h>, which an older libc does not have */
#define STK_SO_NETNS_COOKIE 71

/*
 * The number of the network namespace that a socket is in, as a uint64_t in `out` (8 bytes): no other one ever has it until the machine
 * is booted anew, as it may have an inode number. socket(7); -ENOPROTOOPT before Linux 5.14
 */
EXPORT int32_t stk_nl_cookie(int32_t fd, uint8_t *out, int32_t len)
{
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (len < (int32_t)sizeof cookie) return -EINVAL;
  if (getsockopt(fd, SOL_SOCKET, STK_SO_NETNS_COOKIE, &cookie, &size) < 0) return -errno;
  memcpy(out, &cookie, sizeof cookie);
  return (int32_t)sizeof cookie;
}

/* The requests in flight: their sequence numbers are first, first + 1, …, and so many answers are awaited. */
struct batch {
  uint32_t first;
  uint32_t count;
  uint32_t awaited;
};

static int awaits_answer(const struct nlmsghdr *header)
{
  if (RTNL_KIND(header->nlmsg_type) == RTNL_GET && (header->nlmsg_flags & NLM_F_DUMP) != 0) return 1;
  return (header->nlmsg_flags & NLM_F_ACK) != 0;
}

/* One message of a buffer, copied out because its bytes need not be aligned. Its length with padding; 0 where the rest is none. */
size_t next_message(const uint8_t *data, size_t len, struct nlmsghdr *header)
{
  if (len < sizeof *header) return 0;
  memcpy(header, data, sizeof *header);
  if (header->nlmsg_len < sizeof *header || header->nlmsg_len > len) return 0;
  size_t padded = NLMSG_ALIGN(header->nlmsg_len);
  return padded < len ? padded : len;
}

static int read_batch(const uint8_t *req, size_t len, struct batch *batch)
{
  struct nlmsghdr header;
  memset(batch, 0, sizeof *batch);
  while (len > 0) {
    size_t step = next_message(req, len, &header);
    if (step == 0) return -EINVAL;
    if (batch->count == 0) batch->first = header.nlmsg_seq;
    if (header.nlmsg_seq != batch->first + batch->count) return -EINVAL;
    batch->count++;
    batch->awaited += awaits_answer(&header) ? 1U : 0U;
    req += step;
    len -= step;
  }
  return 0;
}

static int send_all(int fd, const uint8_t *req, size_t len)
{
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  for (;;) {
    ssize_t n = sendto(fd, req, len, MSG_NOSIGNAL, (struct sockaddr *)&kernel, sizeof kernel);
    if (n >= 0) return (size_t)n == len ? 0 : -EIO;
    if (errno != EINTR) return -errno;
  }
}

static int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_readable(int fd, int64_t deadline)
{
  for (;;) {
    int64_t left = deadline - now_ms();
    if (left <= 0) return -ETIMEDOUT;
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int n = poll(&one, 1, (int)left);
    if (n > 0) return 0;
    if (n < 0 && errno != EINTR) return -errno;
  }
}

/*
 * One datagram into `out`. Never blocks in recv: after an overrun (ENOBUFS) or an answer that got lost nothing would
 * ever come.
 */
static ssize_t receive(int fd, uint8_t *out, size_t room, int64_t deadline)
{
  for (;;) {
    struct sockaddr_nl from = {0};
    socklen_t from_len = sizeof from;
    ssize_t n = recvfrom(fd, out, room, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_len);
    if (n >= 0 && (size_t)n > room) return -ENOBUFS;
    if (n >= 0 && from.nl_pid == 0) return n;
    if (n >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return -errno;
    int result = wait_readable(fd, deadline);
    if (result < 0) return result;
  }
}

/*
 * Keeps of a datagram what answers this batch: an earlier one that was given up may have left answers behind. The
 * bytes kept, moved to the front.
 */
static size_t keep_ours(uint8_t *data, size_t len, struct batch *batch)
{
  size_t kept = 0, at = 0;
  struct nlmsghdr header;
  while (at < len) {
    size_t step = next_message(data + at, len - at, &header);
    if (step == 0) break;
    if (header.nlmsg_seq - batch->first < batch->count) {
      if ((header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) && batch->awaited > 0) batch->awaited--;
      memmove(data + kept, data + at, step);
      kept += step;
    }
    at += step;
  }
  return kept;
}

/*
 * Sends one or more requests, numbered consecutively, in one go, and gathers the answers until each with NLM_F_ACK is
 * acknowledged or refused and each dump is done. The bytes in `out`. -ENOBUFS: `out` is too small or the socket's
 * buffer overran, -ETIMEDOUT: something did not come; in both cases the socket is best closed.
 */
EXPORT int32_t stk_nl_transact(int32_t fd, const uint8_t *req, int32_t len, uint8_t *out, int32_t out_len, int32_t timeout_ms)
{
  struct batch batch;
  if (len <= 0 || out_len < 0) return -EINVAL;
  int result = read_batch(req, (size_t)len, &batch);
  if (result == 0) result = send_all(fd, req, (size_t)len);
  int64_t deadline = now_ms() + timeout_ms;
  size_t used = 0;
  while (result == 0 && batch.awaited > 0) {
    ssize_t n = receive(fd, out + used, (size_t)out_len - used, deadline);
    if (n < 0) return (int32_t)n;
    used += keep_ours(out + used, (size_t)n, &batch);
  }
  return result < 0 ? result : (int32_t)used;
}
