#define _GNU_SOURCE
#include "record.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define RECORD_MAX (16 * 1024 * 1024)

const uint8_t *record_map(int fd, size_t *len)
{
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) return NULL;
  if (status.st_size <= 0 || status.st_size > RECORD_MAX) return NULL;
  *len = (size_t)status.st_size;
  const uint8_t *bytes = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
  return bytes == MAP_FAILED ? NULL : bytes;
}

bool text_is(struct text text, const char *word)
{
  return strcmp(text.at, word) == 0;
}

/* Nothing in a record is aligned. */
uint32_t next_u32(const uint8_t **at)
{
  uint32_t value;
  memcpy(&value, *at, sizeof value);
  *at += sizeof value;
  return value;
}

uint64_t next_u64(const uint8_t **at)
{
  uint64_t value;
  memcpy(&value, *at, sizeof value);
  *at += sizeof value;
  return value;
}

struct text next_text(const uint8_t **at)
{
  uint32_t len = next_u32(at);
  struct text text = {.at = (const char *)*at, .len = len};
  *at += (size_t)len + 1;
  return text;
}

struct prepare next_prepare(const uint8_t **at)
{
  struct prepare p = {.path = next_text(at)};
  p.mode = next_u32(at);
  p.uid = next_u32(at);
  p.gid = next_u32(at);
  p.link = next_text(at);
  p.fresh = next_u32(at);
  return p;
}

struct setup next_setup(const uint8_t **at)
{
  struct setup s = {.op = next_u32(at)};
  s.source = next_text(at);
  s.target = next_text(at);
  s.type = next_text(at);
  s.flags = next_u32(at);
  s.data = next_text(at);
  return s;
}

struct limit next_limit(const uint8_t **at)
{
  struct limit l = {.resource = next_u32(at)};
  l.soft = next_u64(at);
  l.hard = next_u64(at);
  return l;
}

struct mount_copy next_mount(const uint8_t **at)
{
  struct mount_copy m = {.source = next_text(at)};
  m.flags = next_u32(at);
  m.propagation = next_u32(at);
  m.idmapped = next_u32(at);
  return m;
}

struct given next_given(const uint8_t **at)
{
  struct given g = {.uid = next_u32(at)};
  g.gid = next_u32(at);
  g.mode = next_u32(at);
  g.read_only = next_u32(at);
  g.len = next_u32(at);
  g.bytes = *at;
  *at += g.len;
  return g;
}
