#define _GNU_SOURCE
#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define USAGE "stack-resolver PORT DOMAIN HOSTS [UPSTREAM…]"

static _Noreturn void fail(const char *what, int error)
{
  if (error == 0) fprintf(stderr, "%s\n", what);
  else fprintf(stderr, "%s: %s\n", what, strerror(error));
  exit(1);
}

int64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * (int64_t)1000 + time.tv_nsec / 1000000;
}

socklen_t address_len(const struct sockaddr_storage *address)
{
  return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static bool read_address(const char *text, uint16_t port, struct sockaddr_storage *address)
{
  struct sockaddr_in *four = (struct sockaddr_in *)address;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
  memset(address, 0, sizeof *address);
  if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    return true;
  }
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  return inet_pton(AF_INET6, text, &six->sin6_addr) == 1;
}

/* ------------------------------------------------------------------------------------------------- sockets */

static void set(int fd, int level, int option)
{
  int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof on) < 0) fail("setsockopt", errno);
}

/* -1: this kernel has no IPv6. */
static int open_socket(int family, int type, uint16_t port)
{
  struct sockaddr_storage address;
  int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 && family == AF_INET6 && errno == EAFNOSUPPORT) return -1;
  if (fd < 0) fail("socket", errno);
  read_address(family == AF_INET ? "0.0.0.0" : "::", port, &address);
  if (family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  if (type == SOCK_STREAM) set(fd, SOL_SOCKET, SO_REUSEADDR);
  else if (family == AF_INET) set(fd, IPPROTO_IP, IP_PKTINFO);
  else set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
  if (bind(fd, (struct sockaddr *)&address, address_len(&address)) < 0) fail("bind", errno);
  if (type == SOCK_STREAM && listen(fd, 64) < 0) fail("listen", errno);
  return fd;
}

/* An answer comes from the address that was asked. */
union control {
  struct cmsghdr header;
  uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void take_own(struct msghdr *message, struct sockaddr_storage *own)
{
  memset(own, 0, sizeof *own);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      own->ss_family = AF_INET;
      ((struct sockaddr_in *)own)->sin_addr = info.ipi_spec_dst;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      own->ss_family = AF_INET6;
      ((struct sockaddr_in6 *)own)->sin6_addr = info.ipi6_addr;
      ((struct sockaddr_in6 *)own)->sin6_scope_id = info.ipi6_ifindex;
    }
  }
}

static void put_own(struct msghdr *message, const struct sockaddr_storage *own)
{
  struct cmsghdr *c = message->msg_control;
  if (own->ss_family == AF_INET) {
    struct in_pktinfo info = {.ipi_spec_dst = ((const struct sockaddr_in *)own)->sin_addr};
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    message->msg_controllen = CMSG_SPACE(sizeof info);
  } else {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)own;
    struct in6_pktinfo info = {.ipi6_addr = six->sin6_addr, .ipi6_ifindex = six->sin6_scope_id};
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    message->msg_controllen = CMSG_SPACE(sizeof info);
  }
}

/* One that cannot be sent is as one that was lost on the way. */
void send_to(const struct peer *peer, const uint8_t *bytes, size_t len)
{
  union control control;
  struct sockaddr_storage address = peer->address;
  struct iovec data = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
  struct msghdr message = {.msg_name = &address, .msg_namelen = address_len(&address), .msg_iov = &data, .msg_iovlen = 1};
  memset(&control, 0, sizeof control);
  if (peer->own.ss_family != 0) {
    message.msg_control = &control;
    put_own(&message, &peer->own);
  }
  if (len > 0) sendmsg(peer->fd, &message, MSG_NOSIGNAL);
}

/* So many at a time that others have their turn. */
enum { AT_ONCE = 64 };

static void take_packets(int fd)
{
  /* One byte more: what is longer than a question may be is told by it. */
  uint8_t in[QUERY_MOST + 1], out[UDP_MOST];
  for (int n = 0; n < AT_ONCE; n++) {
    struct peer peer = {.fd = fd};
    union control control;
    struct iovec data = {.iov_base = in, .iov_len = sizeof in};
    struct msghdr message = {.msg_name = &peer.address, .msg_namelen = sizeof peer.address, .msg_iov = &data, .msg_iovlen = 1};
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    ssize_t len = recvmsg(fd, &message, 0);
    if (len < 0) return;
    if (len > QUERY_MOST) continue;
    take_own(&message, &peer.own);
    ssize_t written = answer(in, (size_t)len, out, sizeof out, false);
    if (written > 0) send_to(&peer, out, (size_t)written);
    else if (written == 0) forward(&peer, in, (size_t)len);
  }
}

/* --------------------------------------------------------------------------------------------------- run */

enum { LISTENERS = 4, LONG = 60000 };

static _Noreturn void serve(const int listeners[LISTENERS])
{
  for (;;) {
    struct pollfd polls[MOST_POLLS];
    int64_t until = now() + LONG;
    for (size_t n = 0; n < LISTENERS; n++) polls[n] = (struct pollfd){.fd = listeners[n], .events = POLLIN};
    size_t forwards = forward_polls(polls + LISTENERS, &until);
    size_t streams = stream_polls(polls + LISTENERS + forwards, &until);
    int64_t left = until - now();
    if (poll(polls, LISTENERS + forwards + streams, left < 0 ? 0 : (int)left) < 0 && errno != EINTR) fail("poll", errno);
    forward_step(polls + LISTENERS, forwards);
    stream_step(polls + LISTENERS + forwards, streams);
    for (size_t n = 0; n < 2; n++)
      if ((polls[n].revents & POLLIN) != 0) take_packets(listeners[n]);
    for (size_t n = 2; n < LISTENERS; n++)
      if ((polls[n].revents & POLLIN) != 0) stream_accept(listeners[n]);
  }
}

static uint16_t read_port(const char *text)
{
  char *end;
  unsigned long port = strtoul(text, &end, 10);
  if (*text == '\0' || *end != '\0' || port == 0 || port > UINT16_MAX) fail(USAGE, 0);
  return (uint16_t)port;
}

static void read_upstreams(int count, char **texts)
{
  for (int n = 0; n < count; n++) {
    if ((size_t)n == sizeof request.upstreams / sizeof *request.upstreams) fail("too many upstreams", 0);
    if (!read_address(texts[n], 53, &request.upstreams[n])) fail(texts[n], EINVAL);
  }
  request.upstream_count = (size_t)count;
}

int main(int argc, char **argv)
{
  uint8_t wire[NAME_MAX_BYTES];
  if (argc < 4) fail(USAGE, 0);
  uint16_t port = read_port(argv[1]);
  request.domain = argv[2];
  if (encode_name(wire, request.domain) < 2) fail(USAGE, 0);
  names_open(argv[3], request.domain);
  read_upstreams(argc - 4, argv + 4);
  signal(SIGPIPE, SIG_IGN);
  const int listeners[LISTENERS] = {open_socket(AF_INET, SOCK_DGRAM, port), open_socket(AF_INET6, SOCK_DGRAM, port),
                                    open_socket(AF_INET, SOCK_STREAM, port), open_socket(AF_INET6, SOCK_STREAM, port)};
  names_refresh();
  printf("answers for %s, port %u; others are asked: %s\n", request.domain, port, argc > 4 ? argv[4] : "none");
  fflush(stdout);
  serve(listeners);
}
