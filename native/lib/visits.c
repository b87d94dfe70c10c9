#define _GNU_SOURCE
#include "stack.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Readings under way at a time. */
#define MOST 6
/* Room for what one place says; where that is not enough it is asked for on its own. */
#define ROOM_EACH 65536U
/* The same of the caller's own network namespace, which has the other ends of all links. Most of it is never touched. */
#define ROOM_OWN 8388608U

/* Places, in namespaces for the most part, that a thread of its own goes round and reads. */
struct visits {
  pthread_t thread;
  int32_t rcvbuf;
  int32_t timeout_ms;
  int32_t failure;
  size_t places_len;
  size_t request_len;
  size_t kept_len;
  uint8_t *out;
  size_t used;
  size_t room;
  uint8_t data[]; /* the places, then the request, then what is kept of the answers */
};

/* Touched by the calling thread alone. */
static struct visits *under_way[MOST];

static int make_room(struct visits *visits, size_t each)
{
  if (visits->room - visits->used >= sizeof(int32_t) + each) return 0;
  size_t room = visits->room * 2 + sizeof(int32_t) + each;
  uint8_t *out = realloc(visits->out, room);
  if (out == NULL) return -ENOMEM;
  visits->out = out;
  visits->room = room;
  return 0;
}

/* One request after the other: a socket does one dump at a time, and refuses the next meanwhile. */
static int32_t ask_all(struct visits *visits, int fd, uint8_t *out, size_t room)
{
  const uint8_t *request = visits->data + visits->places_len;
  const uint8_t *kept = request + visits->request_len;
  size_t left = visits->request_len;
  uint32_t used = 0;
  while (left > 0) {
    struct nlmsghdr header;
    size_t length = next_message(request, left, &header);
    if (length == 0) return -EINVAL;
    int32_t n = stk_nl_transact(fd, request, (int32_t)length, out + used, (int32_t)(room - used), visits->timeout_ms);
    if (n < 0) return n;
    used += (uint32_t)trim(out + used, (size_t)n, kept, visits->kept_len);
    request += length;
    left -= length;
  }
  return (int32_t)used;
}

static int32_t ask(struct visits *visits, const char *ns, uint8_t *out, size_t room)
{
  int32_t fd = ns[0] == '\0' ? stk_nl_open(visits->rcvbuf) : stk_nl_open_in(ns, visits->rcvbuf);
  if (fd < 0) return fd;
  int32_t result = ask_all(visits, fd, out, room);
  close(fd);
  return result;
}

static size_t room_for(const char *ns, const char *file)
{
  return ns[0] == '\0' && file[0] == '\0' ? ROOM_OWN : ROOM_EACH;
}

static int32_t read_place(struct visits *visits, const char *ns, const char *file, uint8_t *out)
{
  if (file[0] == '\0') return ask(visits, ns, out, room_for(ns, file));
  int32_t result = ns[0] == '\0' ? read_one(file, out, ROOM_EACH) : stk_read_in(ns, "", file, out, ROOM_EACH);
  /* A text that fills all the room may have been cut. */
  return result == (int32_t)ROOM_EACH ? -ENOBUFS : result;
}

static void *go_round(void *arg)
{
  struct visits *visits = arg;
  const char *place = (const char *)visits->data, *end = place + visits->places_len;
  while (place < end && visits->failure == 0) {
    const char *ns = place, *file = ns + strlen(ns) + 1;
    place = file + strlen(file) + 1;
    visits->failure = make_room(visits, room_for(ns, file));
    if (visits->failure < 0) break;
    uint8_t *out = visits->out + visits->used;
    int32_t result = read_place(visits, ns, file, out + sizeof result);
    memcpy(out, &result, sizeof result);
    visits->used += sizeof result + (result > 0 ? (size_t)result : 0);
  }
  return NULL;
}

/* Whole pairs of texts: an even number of ends, and the last byte is one. */
static int well_formed(const uint8_t *places, size_t len)
{
  size_t ends = 0;
  for (size_t i = 0; i < len; i++) ends += places[i] == '\0' ? 1U : 0U;
  return len > 0 && places[len - 1] == '\0' && ends % 2 == 0;
}

/*
 * Begins to go round `places`, each the file of a namespace and the path of a file to be read there, both ended by NUL; where the
 * path is "", the netlink requests are sent there instead, one after the other. Where the namespace is "", that is where the caller is, and
 * the path may be "@PATH": what that symbolic link says. Of the answers these paths are kept (trim.c), or all where there is none. A thread
 * of its own does it: its visits do not move the caller's. What comes back is for stk_visits_end.
 */
EXPORT int32_t stk_visits_begin(const uint8_t *places, int32_t len, const uint8_t *req, int32_t req_len, const uint8_t *kept,
                                int32_t kept_len, int32_t rcvbuf, int32_t timeout_ms)
{
  int slot = 0;
  if (len <= 0 || req_len <= 0 || kept_len < 0 || !well_formed(places, (size_t)len)) return -EINVAL;
  while (slot < MOST && under_way[slot] != NULL) slot++;
  if (slot == MOST) return -EAGAIN;
  struct visits *visits = calloc(1, sizeof *visits + (size_t)len + (size_t)req_len + (size_t)kept_len);
  if (visits == NULL) return -ENOMEM;
  visits->rcvbuf = rcvbuf;
  visits->timeout_ms = timeout_ms;
  visits->places_len = (size_t)len;
  visits->request_len = (size_t)req_len;
  visits->kept_len = (size_t)kept_len;
  memcpy(visits->data, places, (size_t)len);
  memcpy(visits->data + len, req, (size_t)req_len);
  if (kept_len > 0) memcpy(visits->data + len + req_len, kept, (size_t)kept_len);
  int result = start_thread(&visits->thread, go_round, visits);
  if (result < 0) {
    free(visits);
    return result;
  }
  under_way[slot] = visits;
  return slot;
}

/*
 * Waits for them. For each place an int32_t length or -errno, then so many bytes. The bytes used; -ENOBUFS where `out` is too small for
 * all: then it can be asked for again with more room. Any other failure ends the matter.
 */
EXPORT int32_t stk_visits_end(int32_t slot, uint8_t *out, int32_t out_len)
{
  if (slot < 0 || slot >= MOST || under_way[slot] == NULL) return -EBADF;
  struct visits *visits = under_way[slot];
  if (visits->thread != 0) pthread_join(visits->thread, NULL);
  visits->thread = 0;
  if (visits->failure == 0 && (out_len < 0 || visits->used > (size_t)out_len)) return -ENOBUFS;
  int32_t result = visits->failure < 0 ? visits->failure : (int32_t)visits->used;
  if (result > 0) memcpy(out, visits->out, (size_t)result);
  under_way[slot] = NULL;
  free(visits->out);
  free(visits);
  return result;
}
