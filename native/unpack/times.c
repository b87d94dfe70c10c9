#define _GNU_SOURCE
#include "unpack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of all that is remembered. */
#define MOST ((size_t)64 << 20)

static char *kept;
static size_t used, room;

void remember_times(const char *path, int64_t seconds, uint32_t nanoseconds)
{
  size_t len = strlen(path) + 1, need = sizeof seconds + sizeof nanoseconds + len;
  if (used + need > room) {
    room = room == 0 ? 1 << 16 : room * 2;
    if (room > MOST) fail("too-many", 0, path);
    kept = realloc(kept, room);
    if (kept == NULL) fail("memory", 0, path);
  }
  char *to = kept + used;
  memcpy(to, &seconds, sizeof seconds);
  memcpy(to + sizeof seconds, &nanoseconds, sizeof nanoseconds);
  memcpy(to + sizeof seconds + sizeof nanoseconds, path, len);
  used += need;
}

/* A folder that is none any more has no time to be set. */
void set_times(void)
{
  for (size_t at = 0; at < used;) {
    int64_t seconds;
    uint32_t nanoseconds;
    memcpy(&seconds, kept + at, sizeof seconds);
    memcpy(&nanoseconds, kept + at + sizeof seconds, sizeof nanoseconds);
    const char *path = kept + at + sizeof seconds + sizeof nanoseconds;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    utimensat(FD_TOP, path[0] == '\0' ? "." : path, times, AT_SYMLINK_NOFOLLOW);
    at += sizeof seconds + sizeof nanoseconds + strlen(path) + 1;
  }
}
