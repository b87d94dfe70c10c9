#define _GNU_SOURCE
#include "stack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORDS 124 /* struct answer in rootless/dialer.c */

/* Asks the process at the other end of the socket for a connection. It answers in the order in which it is asked. */
EXPORT int32_t stk_dial_begin(int32_t socket, const char *host, const char *port)
{
  char request[512];
  int len = snprintf(request, sizeof request, "%s%c%s", host, '\0', port);
  if (len < 0 || (size_t)len + 1 >= sizeof request) return -ENAMETOOLONG;
  return send(socket, request, (size_t)len + 1, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The connection, once the socket can be read; or -errno, and in `out` words for what has no errno, ended by NUL. */
EXPORT int32_t stk_dial_end(int32_t socket, uint8_t *out, int32_t len)
{
  struct {
    int32_t result;
    char words[WORDS];
  } answer = {.result = -EPIPE};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } room;
  struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
  if (len < WORDS) return -EINVAL;
  ssize_t got;
  do got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  memcpy(out, answer.words, WORDS);
  out[WORDS - 1] = '\0';
  struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
  if (answer.result < 0 || got != sizeof answer) return answer.result < 0 ? answer.result : -EPIPE;
  if (rights == NULL || rights->cmsg_type != SCM_RIGHTS) return -EPIPE;
  int fd;
  memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  return fd;
}
