#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Transactions under way at a time. The kernel does one after the other anyway (the rtnl mutex): more would only wait there. */
#define MOST 4

/* A transaction that a thread of its own waits for. */
struct later {
  pthread_t thread;
  int done;
  int fd;
  int32_t timeout_ms;
  int32_t result;
  int32_t out_len;
  uint8_t *out;
  int32_t len;
  uint8_t request[];
};

/* Touched by the calling thread alone. */
static struct later *under_way[MOST];

static void *carry_out(void *arg)
{
  struct later *later = arg;
  later->result = stk_nl_transact(later->fd, later->request, later->len, later->out, later->out_len, later->timeout_ms);
  eventfd_write(later->done, 1);
  return NULL;
}

static void forget(struct later *later)
{
  if (later->done >= 0) close(later->done);
  free(later->out);
  free(later);
}

static struct later *prepared(int fd, const uint8_t *req, int32_t len, int32_t out_len, int32_t timeout_ms)
{
  struct later *later = calloc(1, sizeof *later + (size_t)len);
  if (later == NULL) return NULL;
  later->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  later->out = malloc((size_t)out_len);
  if (later->done < 0 || later->out == NULL) {
    forget(later);
    return NULL;
  }
  later->fd = fd;
  later->len = len;
  later->out_len = out_len;
  later->timeout_ms = timeout_ms;
  memcpy(later->request, req, (size_t)len);
  return later;
}

/*
 * stk_nl_transact, but while the kernel works on it the caller goes on: the descriptor that comes back can be read when it is done, and
 * is closed by stk_nl_end. The request is copied. Until then nobody else may use `fd`.
 */
EXPORT int32_t stk_nl_begin(int32_t fd, const uint8_t *req, int32_t len, int32_t out_len, int32_t timeout_ms)
{
  int slot = 0;
  if (len <= 0 || out_len <= 0) return -EINVAL;
  while (slot < MOST && under_way[slot] != NULL) slot++;
  if (slot == MOST) return -EAGAIN;
  struct later *later = prepared(fd, req, len, out_len, timeout_ms);
  if (later == NULL) return -ENOMEM;
  int result = start_thread(&later->thread, carry_out, later);
  if (result < 0) {
    forget(later);
    return result;
  }
  under_way[slot] = later;
  return later->done;
}

/* What stk_nl_transact would have answered; waits for it. `out` has the room that stk_nl_begin was told of. */
EXPORT int32_t stk_nl_end(int32_t done, uint8_t *out, int32_t out_len)
{
  int slot = 0;
  while (slot < MOST && (under_way[slot] == NULL || under_way[slot]->done != done)) slot++;
  if (slot == MOST) return -EBADF;
  struct later *later = under_way[slot];
  under_way[slot] = NULL;
  pthread_join(later->thread, NULL);
  int32_t result = later->result > out_len ? -ENOBUFS : later->result;
  if (result > 0) memcpy(out, later->out, (size_t)result);
  forget(later);
  return result;
}
