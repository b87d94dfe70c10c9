#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* netlink(7), include/uapi/linux/netlink.h */
enum { NETLINK_CAP_ACK = 10, NETLINK_EXT_ACK = 11, NLMSG_ERROR = 2, NLM_F_REQUEST = 1, NLM_F_ACK = 4, NLM_F_CAPPED = 0x100, NLM_F_ACK_TLVS = 0x200 };
enum { NLMSGERR_ATTR_MSG = 1, NLA_F_NESTED = 0x8000, SOL_NETLINK_LEVEL = 270 };

struct header {
  uint32_t length;
  uint16_t type, flags;
  uint32_t sequence, port;
};

static uint32_t aligned(uint32_t length)
{
  return (length + 3) & ~3U;
}

static void append(struct message *message, const void *data, size_t length)
{
  memcpy(message->bytes + message->length, data, length);
  memset(message->bytes + message->length + length, 0, aligned((uint32_t)length) - length);
  message->length += aligned((uint32_t)length);
}

void begin(struct message *message, int type, int flags, const void *header, size_t length)
{
  struct header head = {.type = (uint16_t)type, .flags = (uint16_t)(NLM_F_REQUEST | flags), .sequence = 1};
  message->start = message->length;
  if ((flags & NLM_F_ACK) != 0) message->acknowledgements++;
  append(message, &head, sizeof head);
  append(message, header, length);
}

void end(struct message *message)
{
  uint32_t length = message->length - message->start;
  memcpy(message->bytes + message->start, &length, sizeof length);
}

void put(struct message *message, int attribute, const void *value, size_t length)
{
  uint16_t head[2] = {(uint16_t)(length + 4), (uint16_t)attribute};
  append(message, head, sizeof head);
  append(message, value, length);
}

void put_text(struct message *message, int attribute, const char *value)
{
  put(message, attribute, value, strlen(value) + 1);
}

void put_u32(struct message *message, int attribute, uint32_t value)
{
  put(message, attribute, &value, sizeof value);
}

uint32_t open_nest(struct message *message, int attribute)
{
  uint32_t at = message->length;
  put(message, attribute | NLA_F_NESTED, "", 0);
  return at;
}

void close_nest(struct message *message, uint32_t nest)
{
  uint16_t length = (uint16_t)(message->length - nest);
  memcpy(message->bytes + nest, &length, sizeof length);
}

int open_netlink(int protocol)
{
  int on = 1;
  struct timeval patience = {.tv_sec = 5};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_NETLINK_LEVEL, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd, SOL_NETLINK_LEVEL, NETLINK_CAP_ACK, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

/* The attributes behind an error that says no more than its own header (NLM_F_CAPPED). */
static void take_words(const uint8_t *answer, uint32_t length, struct outcome *outcome)
{
  uint32_t at = sizeof(struct header) + 4 + sizeof(struct header);
  while (at + 4 <= length) {
    uint16_t head[2];
    memcpy(head, answer + at, sizeof head);
    if (head[0] < 4 || at + head[0] > length) return;
    if (head[1] == NLMSGERR_ATTR_MSG) {
      snprintf(outcome->text, sizeof outcome->text, "%.*s", head[0] - 4, (const char *)answer + at + 4);
      return;
    }
    at += aligned(head[0]);
  }
}

/* The errno of one answer: 0 of an acknowledgement, 1 of what is no answer. */
static int verdict(const uint8_t *answer, uint32_t length, struct outcome *outcome)
{
  struct header head;
  int32_t error;
  memcpy(&head, answer, sizeof head);
  if (head.type != NLMSG_ERROR || length < sizeof head + sizeof error) return 1;
  memcpy(&error, answer + sizeof head, sizeof error);
  if (error != 0 && (head.flags & NLM_F_ACK_TLVS) != 0 && (head.flags & NLM_F_CAPPED) != 0) take_words(answer, length, outcome);
  return error;
}

/* How many acknowledgements an answer of the kernel holds, or the errno of what it refuses. */
static int count_answers(const uint8_t *answers, uint32_t length, struct outcome *outcome)
{
  int acknowledged = 0;
  for (uint32_t at = 0, one; at + sizeof(struct header) <= length; at += aligned(one)) {
    memcpy(&one, answers + at, sizeof one);
    if (one < sizeof(struct header) || at + one > length) break;
    int said = verdict(answers + at, one, outcome);
    if (said < 0) return said;
    if (said == 0) acknowledged++;
  }
  return acknowledged;
}

int ask(int fd, const struct message *message, struct outcome *outcome)
{
  _Alignas(8) uint8_t answers[4096];
  if (send(fd, message->bytes, message->length, 0) < 0) return -errno;
  for (int missing = message->acknowledgements; missing > 0;) {
    ssize_t length = recv(fd, answers, sizeof answers, 0);
    if (length < 0) return -errno;
    int result = count_answers(answers, (uint32_t)length, outcome);
    if (result < 0) return result;
    missing -= result;
  }
  return 0;
}
