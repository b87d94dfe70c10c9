#define _GNU_SOURCE
#include "status.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool trouble_is(struct trouble *trouble, uint32_t stage, uint32_t index, int result)
{
  *trouble = (struct trouble){.stage = stage, .index = index, .error = (uint32_t)(result < 0 ? -result : result)};
  return false;
}

void message_send(int fd, uint32_t kind, uint32_t a, uint32_t b, uint32_t c)
{
  struct message message = {.kind = kind, .a = a, .b = b, .c = c};
  while (write(fd, &message, sizeof message) < 0 && errno == EINTR) continue;
}

void message_send_failure(int fd, const struct trouble *trouble)
{
  message_send(fd, KIND_FAILED, trouble->stage, trouble->index, trouble->error);
}

/* Room for the descriptors, aligned as cmsg(3) wants it. */
union fd_room {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
};

int message_send_fds(int socket, uint32_t kind, const int *fds, int count)
{
  struct message message = {.kind = kind};
  struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
  union fd_room room;
  memset(&room, 0, sizeof room);
  size_t len = (size_t)count * sizeof(int);
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = CMSG_SPACE(len)};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(len);
  memcpy(CMSG_DATA(rights), fds, len);
  return sendmsg(socket, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int message_receive(int socket, struct message *message, int fds[MESSAGE_FDS])
{
  struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
  union fd_room room;
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
  ssize_t got;
  for (int n = 0; n < MESSAGE_FDS; n++) fds[n] = -1;
  do got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return errno == ECONNRESET ? 0 : -errno;
  if (got == 0) return 0;
  struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
  if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
    memcpy(fds, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
  return (size_t)got == sizeof *message ? 1 : -EPROTO;
}

bool message_await(int socket, uint32_t kind, int fds[MESSAGE_FDS], uint32_t *a, struct trouble *trouble)
{
  struct message message = {0};
  int result = message_receive(socket, &message, fds);
  if (result == 0) return trouble_is(trouble, STAGE_DIED, 0, 0);
  if (result < 0) return trouble_is(trouble, STAGE_PIPE, 0, result);
  if (message.kind == KIND_FAILED) {
    *trouble = (struct trouble){.stage = message.a, .index = message.b, .error = message.c, .told = true};
    return false;
  }
  if (message.kind != kind) return trouble_is(trouble, STAGE_PIPE, 0, EPROTO);
  if (a != NULL) *a = message.a;
  return true;
}
