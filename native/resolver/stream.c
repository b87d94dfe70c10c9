#define _GNU_SOURCE
#include "resolver.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Milliseconds: of a client that says nothing, or does not listen; and of one that is asked. RFC 7766, 6.2.3 */
enum { IDLE = 10000, PATIENCE = 3000 };

enum doing { READING, ASKING, HEARING, ANSWERING };

/* A connection of a client: one question after the other, each behind its length. While others are asked, `asked` is the connection to them. */
static struct stream {
  int fd, asked;
  enum doing doing;
  int64_t until;
  size_t tries;
  uint16_t id, asked_id;
  size_t have, sent, len;
  uint8_t in[2 + QUERY_MOST];
  uint8_t *out; /* an answer with its length before it, on its way in or out; only as long as there is one */
} streams[MOST_STREAMS];

static size_t get16(const uint8_t *at)
{
  return (size_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, size_t value)
{
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static bool is_used(const struct stream *s)
{
  return s->out != NULL || s->until > 0;
}

static void stop_asking(struct stream *s)
{
  if (s->asked >= 0) close(s->asked);
  s->asked = -1;
}

static void drop(struct stream *s)
{
  stop_asking(s);
  close(s->fd);
  free(s->out);
  *s = (struct stream){.asked = -1};
}

static void begin_reading(struct stream *s)
{
  size_t taken = 2 + get16(s->in);
  memmove(s->in, s->in + taken, s->have - taken);
  s->have -= taken;
  free(s->out);
  s->out = NULL;
  s->doing = READING;
  s->until = now() + IDLE;
}

static void begin_answering(struct stream *s, size_t len)
{
  stop_asking(s);
  put16(s->out, len);
  s->doing = ANSWERING;
  s->len = 2 + len;
  s->sent = 0;
  s->until = now() + IDLE;
}

static void ask_next(struct stream *s)
{
  s->doing = ASKING;
  while (s->tries < request.upstream_count) {
    const struct sockaddr_storage *upstream = &request.upstreams[s->tries++];
    stop_asking(s);
    s->until = now() + PATIENCE;
    s->sent = 0;
    s->asked = socket(upstream->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->asked < 0 || getrandom(&s->asked_id, sizeof s->asked_id, 0) != sizeof s->asked_id) continue;
    if (connect(s->asked, (const struct sockaddr *)upstream, address_len(upstream)) == 0 || errno == EINPROGRESS) return;
  }
  begin_answering(s, refuse(s->in + 2, get16(s->in), SERVFAIL, s->out + 2, TCP_MOST));
}

/* False: what came is no question, and what comes behind it may be none either. */
static bool take_question(struct stream *s)
{
  ssize_t len;
  s->out = malloc(2 + TCP_MOST);
  if (s->out == NULL) return false;
  len = answer(s->in + 2, get16(s->in), s->out + 2, TCP_MOST, true);
  if (len < 0) return false;
  s->tries = 0;
  s->id = (uint16_t)get16(s->in + 2);
  if (len > 0) begin_answering(s, (size_t)len);
  else ask_next(s);
  return true;
}

static bool read_more(struct stream *s)
{
  ssize_t n = recv(s->fd, s->in + s->have, sizeof s->in - s->have, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  s->have += (size_t)n;
  return true;
}

/* True where there was a whole one. */
static bool next_question(struct stream *s, bool *alive)
{
  if (s->have < 2) return false;
  size_t len = get16(s->in);
  *alive = len <= QUERY_MOST;
  if (!*alive || s->have < 2 + len) return false;
  *alive = take_question(s);
  return *alive;
}

static bool write_more(struct stream *s)
{
  ssize_t n = send(s->fd, s->out + s->sent, s->len - s->sent, MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  s->sent += (size_t)n;
  if (s->sent == s->len) begin_reading(s);
  return true;
}

/* The same question under another id. */
static bool ask_more(struct stream *s)
{
  uint8_t bytes[2 + QUERY_MOST];
  size_t len = 2 + get16(s->in);
  memcpy(bytes, s->in, len);
  put16(bytes + 2, s->asked_id);
  ssize_t n = send(s->asked, bytes + s->sent, len - s->sent, MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  s->sent += (size_t)n;
  if (s->sent < len) return true;
  s->doing = HEARING;
  s->len = 0;
  return true;
}

static bool hear_more(struct stream *s)
{
  size_t wanted = s->len < 2 ? 2 : 2 + get16(s->out);
  ssize_t n = recv(s->asked, s->out + s->len, wanted - s->len, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  s->len += (size_t)n;
  if (s->len < 2 || s->len < 2 + get16(s->out)) return true;
  struct query q;
  size_t len = get16(s->out);
  if (read_query(s->in + 2, get16(s->in), &q) != NOERROR || len < q.end || get16(s->out + 2) != s->asked_id) return false;
  if ((s->out[4] & 0x80) == 0 || !same_question(s->in + 2, s->out + 2, q.end)) return false;
  put16(s->out + 2, s->id);
  begin_answering(s, len);
  return true;
}

static void step(struct stream *s, int revents, int asked_revents)
{
  bool alive = true;
  if (s->doing == READING && revents != 0) alive = read_more(s);
  if (s->doing == ANSWERING && revents != 0) alive = write_more(s);
  if (alive && s->doing == ASKING && asked_revents != 0 && !ask_more(s)) ask_next(s);
  else if (alive && s->doing == HEARING && asked_revents != 0 && !hear_more(s)) ask_next(s);
  while (alive && s->doing == READING && next_question(s, &alive)) alive = s->doing != ANSWERING || write_more(s);
  if (!alive || (s->until <= now() && s->doing != ASKING && s->doing != HEARING)) drop(s);
  else if (s->until <= now()) ask_next(s);
}

/* In the place of the one that has waited longest, where there are many. */
void stream_accept(int listener)
{
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  struct stream *place = streams;
  for (struct stream *s = streams; s < streams + MOST_STREAMS; s++)
    if (is_used(place) && (!is_used(s) || s->until < place->until)) place = s;
  if (is_used(place)) drop(place);
  *place = (struct stream){.fd = fd, .asked = -1, .doing = READING, .until = now() + IDLE};
}

size_t stream_polls(struct pollfd *polls, int64_t *until)
{
  static const short events[] = {[READING] = POLLIN, [ASKING] = POLLOUT, [HEARING] = POLLIN, [ANSWERING] = POLLOUT};
  size_t count = 0;
  for (struct stream *s = streams; s < streams + MOST_STREAMS; s++) {
    if (!is_used(s)) continue;
    bool asks = s->doing == ASKING || s->doing == HEARING;
    polls[count++] = (struct pollfd){.fd = asks ? s->asked : s->fd, .events = events[s->doing]};
    if (s->until < *until) *until = s->until;
  }
  return count;
}

void stream_step(const struct pollfd *polls, size_t count)
{
  for (struct stream *s = streams; s < streams + MOST_STREAMS; s++) {
    if (!is_used(s)) continue;
    bool asks = s->doing == ASKING || s->doing == HEARING;
    int revents = 0;
    for (size_t n = 0; n < count; n++)
      if (polls[n].fd == (asks ? s->asked : s->fd)) revents = polls[n].revents;
    step(s, asks ? 0 : revents, asks ? revents : 0);
  }
}
