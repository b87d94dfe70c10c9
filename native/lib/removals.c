#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Threads that remove at a time: the file system lets one of them at its folders anyway. */
#define MOST 2

/* Trees that a thread of its own removes, one after the other. */
struct removals {
  pthread_t thread;
  int done;
  int32_t count;
  int32_t *results;
  char paths[];
};

/* Touched by the calling thread alone. */
static struct removals *under_way[MOST];

static void *remove_each(void *arg)
{
  struct removals *removals = arg;
  const char *path = removals->paths;
  for (int32_t i = 0; i < removals->count; i++) {
    removals->results[i] = stk_remove_tree(path);
    path += strlen(path) + 1;
  }
  eventfd_write(removals->done, 1);
  return NULL;
}

static void forget(struct removals *removals)
{
  if (removals->done >= 0) close(removals->done);
  free(removals->results);
  free(removals);
}

static struct removals *prepared(const uint8_t *paths, int32_t len)
{
  struct removals *removals = calloc(1, sizeof *removals + (size_t)len);
  if (removals == NULL) return NULL;
  for (int32_t i = 0; i < len; i++) removals->count += paths[i] == '\0' ? 1 : 0;
  memcpy(removals->paths, paths, (size_t)len);
  removals->results = calloc((size_t)removals->count, sizeof *removals->results);
  removals->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (removals->results != NULL && removals->done >= 0) return removals;
  forget(removals);
  return NULL;
}

/*
 * stk_remove_tree for each path, all ended by NUL, while the caller goes on: the descriptor that comes back can be read when all is
 * done, and is closed by stk_removals_end. -EAGAIN: so many are under way that one more would gain nothing.
 */
EXPORT int32_t stk_removals_begin(const uint8_t *paths, int32_t len)
{
  int slot = 0;
  if (len <= 0 || paths[len - 1] != '\0') return -EINVAL;
  while (slot < MOST && under_way[slot] != NULL) slot++;
  if (slot == MOST) return -EAGAIN;
  struct removals *removals = prepared(paths, len);
  if (removals == NULL) return -ENOMEM;
  int result = start_thread(&removals->thread, remove_each, removals);
  if (result < 0) {
    forget(removals);
    return result;
  }
  under_way[slot] = removals;
  return removals->done;
}

/* Waits for them. For each path an int32_t: 0 or -errno. The bytes used. */
EXPORT int32_t stk_removals_end(int32_t done, uint8_t *out, int32_t out_len)
{
  int slot = 0;
  while (slot < MOST && (under_way[slot] == NULL || under_way[slot]->done != done)) slot++;
  if (slot == MOST) return -EBADF;
  struct removals *removals = under_way[slot];
  size_t used = (size_t)removals->count * sizeof *removals->results;
  if (out_len < 0 || used > (size_t)out_len) return -ENOBUFS;
  under_way[slot] = NULL;
  pthread_join(removals->thread, NULL);
  memcpy(out, removals->results, used);
  forget(removals);
  return (int32_t)used;
}
