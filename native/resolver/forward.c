#define _GNU_SOURCE
#include "resolver.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Milliseconds that one of those asked has, and how often each is asked. */
enum { PATIENCE = 2000, ROUNDS = 2 };

/* A question that others have been asked. Each by a socket of its own: its port is as hard to guess as its id. */
static struct pending {
  bool used;
  int fd;
  struct peer peer;
  uint16_t id, asked;
  size_t tries, len, end, room;
  int64_t until;
  uint8_t bytes[QUERY_MOST];
} pendings[MOST_PENDING];

static void finish(struct pending *p)
{
  if (p->fd >= 0) close(p->fd);
  p->used = false;
}

static void give_up(struct pending *p)
{
  uint8_t out[UDP_LEAST];
  size_t len = refuse(p->bytes, p->len, SERVFAIL, out, sizeof out);
  if (len > 0) send_to(&p->peer, out, len);
  finish(p);
}

static bool ask_one(struct pending *p, const struct sockaddr_storage *upstream)
{
  uint8_t bytes[QUERY_MOST];
  p->fd = socket(upstream->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (p->fd < 0) return false;
  if (getrandom(&p->asked, sizeof p->asked, 0) != sizeof p->asked) return false;
  memcpy(bytes, p->bytes, p->len);
  bytes[0] = (uint8_t)(p->asked >> 8);
  bytes[1] = (uint8_t)p->asked;
  if (connect(p->fd, (const struct sockaddr *)upstream, address_len(upstream)) < 0) return false;
  return send(p->fd, bytes, p->len, 0) == (ssize_t)p->len;
}

static void ask_next(struct pending *p)
{
  while (p->tries < request.upstream_count * ROUNDS) {
    if (p->fd >= 0) close(p->fd);
    p->fd = -1;
    p->until = now() + PATIENCE;
    if (ask_one(p, &request.upstreams[p->tries++ % request.upstream_count])) return;
  }
  give_up(p);
}

void forward(const struct peer *peer, const uint8_t *bytes, size_t len)
{
  struct query q;
  struct pending *p = pendings;
  if (read_query(bytes, len, &q) != NOERROR) return;
  while (p < pendings + MOST_PENDING && p->used) p++;
  if (p == pendings + MOST_PENDING) {
    uint8_t out[UDP_LEAST];
    send_to(peer, out, refuse(bytes, len, SERVFAIL, out, sizeof out));
    return;
  }
  *p = (struct pending){.used = true, .fd = -1, .peer = *peer, .id = q.id, .len = len, .end = q.end};
  p->room = q.edns && q.size > UDP_LEAST ? q.size : UDP_LEAST;
  memcpy(p->bytes, bytes, len);
  ask_next(p);
}

size_t forward_polls(struct pollfd *polls, int64_t *until)
{
  size_t count = 0;
  for (struct pending *p = pendings; p < pendings + MOST_PENDING; p++) {
    if (!p->used) continue;
    polls[count++] = (struct pollfd){.fd = p->fd, .events = POLLIN};
    if (p->until < *until) *until = p->until;
  }
  return count;
}

/* What is no answer to what was asked is as if it had not come: somebody may be guessing. */
static bool is_answer(const struct pending *p, const uint8_t *bytes, size_t len)
{
  return len >= p->end && (bytes[0] << 8 | bytes[1]) == p->asked && (bytes[2] & 0x80) != 0 && same_question(p->bytes, bytes, p->end);
}

static void receive(struct pending *p)
{
  uint8_t bytes[UINT16_MAX];
  ssize_t len = recv(p->fd, bytes, sizeof bytes, 0);
  if (len < 0) {
    if (errno != EAGAIN && errno != EINTR) ask_next(p);
    return;
  }
  if (!is_answer(p, bytes, (size_t)len)) return;
  if ((bytes[3] & 15) == SERVFAIL && p->tries < request.upstream_count) {
    ask_next(p);
    return;
  }
  bytes[0] = (uint8_t)(p->id >> 8);
  bytes[1] = (uint8_t)p->id;
  if ((size_t)len > p->room) {
    bytes[2] |= FLAG_TC >> 8;
    memset(bytes + SECTION_ANSWER, 0, HEADER_LEN - SECTION_ANSWER);
    len = (ssize_t)p->end;
  }
  send_to(&p->peer, bytes, (size_t)len);
  finish(p);
}

void forward_step(const struct pollfd *polls, size_t count)
{
  for (size_t n = 0; n < count; n++)
    for (struct pending *p = pendings; polls[n].revents != 0 && p < pendings + MOST_PENDING; p++)
      if (p->used && p->fd == polls[n].fd) {
        receive(p);
        break;
      }
  for (struct pending *p = pendings; p < pendings + MOST_PENDING; p++)
    if (p->used && p->until <= now()) ask_next(p);
}
