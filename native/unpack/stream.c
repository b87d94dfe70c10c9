#define _GNU_SOURCE
#include "unpack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static char buffer[1 << 20];
static size_t at, end;
static uint64_t left;

void bound_stream(uint64_t bytes)
{
  left = bytes;
}

/* False at the end of the stream. */
static bool fill(void)
{
  ssize_t count;
  do count = read(0, buffer, sizeof buffer);
  while (count < 0 && errno == EINTR);
  if (count < 0) fail("stream", errno, "");
  if ((uint64_t)count > left) fail("too-large", 0, "");
  left -= (uint64_t)count;
  at = 0;
  end = (size_t)count;
  return count > 0;
}

const char *next_bytes(uint64_t most, size_t *len, const char *path)
{
  if (at == end && !fill()) fail("truncated", 0, path);
  *len = end - at < most ? end - at : (size_t)most;
  const char *bytes = buffer + at;
  at += *len;
  return bytes;
}

bool read_bytes(void *to, size_t len, bool end_allowed, const char *path)
{
  for (size_t have = 0; have < len;) {
    if (have == 0 && end_allowed && at == end && !fill()) return false;
    size_t count;
    const char *bytes = next_bytes(len - have, &count, path);
    memcpy((char *)to + have, bytes, count);
    have += count;
  }
  return true;
}

void skip_bytes(uint64_t len, const char *path)
{
  while (len > 0) {
    size_t count;
    next_bytes(len, &count, path);
    len -= count;
  }
}

void skip_padding(uint64_t size, const char *path)
{
  for (uint64_t rest = -size % BLOCK; rest > 0;) {
    size_t count;
    if (is_layer && at == end && !fill()) return;
    next_bytes(rest, &count, path);
    rest -= count;
  }
}

void drain(void)
{
  while (fill()) continue;
}
