#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Monitors are started one after the other by a thread of its own: until a child has come to its exec the kernel lets the thread that has
 * made it do nothing else, which is the longest part of a launch.
 */
struct pending {
  struct pending *next;
  struct launch launch;
  struct spawned spawned;
  int32_t result;
  int status; /* the caller's end of the status pipe, by which it asks */
  bool done;
  uint8_t data[]; /* the record, then the texts */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/* Those that nobody has asked for yet, in the order of their beginning. */
static struct pending *first;

static struct pending *next_waiting(void)
{
  struct pending *pending = first;
  while (pending != NULL && pending->done) pending = pending->next;
  return pending;
}

/* From where it is done on it may be asked for and freed. The monitor alone has the end of the pipe then, so that the caller hears of its end. */
static void carry_out(struct pending *pending)
{
  int status cleanup_fd = pending->launch.status;
  int32_t result = spawn_monitor(&pending->launch, &pending->spawned);
  pthread_mutex_lock(&lock);
  pending->result = result;
  pending->done = true;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static _Noreturn void *start_each(void *arg)
{
  (void)arg;
  for (;;) {
    struct pending *pending;
    pthread_mutex_lock(&lock);
    while ((pending = next_waiting()) == NULL) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    carry_out(pending);
  }
}

static int ensure_thread(void)
{
  static pthread_t thread;
  static bool runs;
  int result = runs ? 0 : start_thread(&thread, start_each, NULL);
  runs = result == 0;
  return result;
}

static char *copy_text(uint8_t **at, const char *text)
{
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

static struct pending *prepared(const char *monitor, const char *title, const char *cgroup2, const uint8_t *record, size_t len)
{
  struct pending *pending = calloc(1, sizeof *pending + len + strlen(monitor) + strlen(title) + strlen(cgroup2) + 3);
  if (pending == NULL) return NULL;
  uint8_t *at = pending->data + len;
  memcpy(pending->data, record, len);
  pending->launch = (struct launch){.record = pending->data, .len = len};
  pending->launch.monitor = copy_text(&at, monitor);
  pending->launch.title = copy_text(&at, title);
  pending->launch.cgroup2 = copy_text(&at, cgroup2);
  return pending;
}

static void append(struct pending *pending)
{
  pthread_mutex_lock(&lock);
  struct pending **last = &first;
  while (*last != NULL) last = &(*last)->next;
  *last = pending;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

/*
 * Begins to start a monitor (spawn_monitor), and returns at once: the end to read of its status pipe, which does not block, and is the
 * caller's to close. It has something to say as soon as the monitor has, or when it has come to nothing; then stk_spawn_end is called.
 */
EXPORT int32_t stk_spawn_begin(const char *monitor, const char *title, const char *cgroup2, const uint8_t *record, int32_t len)
{
  int status[2];
  if (len < 0) return -EINVAL;
  if (pipe2(status, O_CLOEXEC) < 0) return -errno;
  int status_read cleanup_fd = status[0], status_write cleanup_fd = status[1];
  if (fcntl(status_read, F_SETFL, O_NONBLOCK) < 0) return -errno;
  int result = ensure_thread();
  if (result < 0) return result;
  struct pending *pending = prepared(monitor, title, cgroup2, record, (size_t)len);
  if (pending == NULL) return -ENOMEM;
  pending->status = status_read;
  pending->launch.status = steal_fd(&status_write);
  append(pending);
  return steal_fd(&status_read);
}

/* Waits for it. `out` takes a struct spawned; the descriptors in it are the caller's to close. 0, or why there is no monitor. */
EXPORT int32_t stk_spawn_end(int32_t status, uint8_t *out, int32_t out_len)
{
  if (out_len != (int32_t)sizeof(struct spawned)) return -EINVAL;
  pthread_mutex_lock(&lock);
  struct pending **place = &first;
  while (*place != NULL && (*place)->status != status) place = &(*place)->next;
  struct pending *pending = *place;
  if (pending == NULL) {
    pthread_mutex_unlock(&lock);
    return -EBADF;
  }
  while (!pending->done) pthread_cond_wait(&changed, &lock);
  *place = pending->next;
  pthread_mutex_unlock(&lock);
  int32_t result = pending->result;
  if (result == 0) memcpy(out, &pending->spawned, sizeof pending->spawned);
  free(pending);
  return result;
}
