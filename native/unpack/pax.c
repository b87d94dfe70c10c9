#define _GNU_SOURCE
#include "unpack.h"

#include <stdlib.h>
#include <string.h>

/* `LENGTH NAME=VALUE\n`, the length being that of all of it. pax(1), "pax Extended Header" */
bool next_record(const struct entry *entry, size_t *at, const char **name, const char **value, size_t *len)
{
  const char *record = entry->pax + *at;
  size_t left = entry->pax_len - *at, total = 0, i = 0;
  if (left == 0) return false;
  for (; i < left && i < 8 && record[i] >= '0' && record[i] <= '9'; i++) total = total * 10 + (size_t)(record[i] - '0');
  if (i == 0 || i >= left || record[i] != ' ' || total > left || total < i + 3 || record[total - 1] != '\n') fail("malformed", 0, entry->path);
  *name = record + i + 1;
  const char *equals = memchr(*name, '=', total - i - 2);
  if (equals == NULL) fail("malformed", 0, entry->path);
  *value = equals + 1;
  *len = (size_t)(record + total - 1 - *value);
  *at += total;
  return true;
}

static bool is(const char *name, const char *value, const char *word)
{
  size_t len = strlen(word);
  return (size_t)(value - 1 - name) == len && memcmp(name, word, len) == 0;
}

static void take_path(char *to, const char *value, size_t len, const struct entry *entry)
{
  if (len >= PATH_MAX) fail("long-path", 0, entry->path);
  if (memchr(value, '\0', len) != NULL) fail("malformed", 0, entry->path);
  memcpy(to, value, len);
  to[len] = '\0';
}

/* A decimal number with a fraction, if `nanoseconds` is given. */
static int64_t decimal(const char *value, size_t len, uint32_t *nanoseconds, const struct entry *entry)
{
  size_t i = 0;
  bool negative = len > 0 && value[0] == '-';
  int64_t number = 0;
  if (negative) i++;
  size_t first = i;
  for (; i < len && value[i] >= '0' && value[i] <= '9'; i++) {
    if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, value[i] - '0', &number))
      fail("malformed", 0, entry->path);
  }
  if (i == first) fail("malformed", 0, entry->path);
  if (nanoseconds != NULL) {
    *nanoseconds = 0;
    uint32_t unit = 100000000;
    if (i < len && value[i] == '.')
      for (i++; i < len && value[i] >= '0' && value[i] <= '9'; i++, unit /= 10) *nanoseconds += (uint32_t)(value[i] - '0') * unit;
  }
  if (i != len) fail("malformed", 0, entry->path);
  if (!negative) return number;
  if (nanoseconds == NULL || *nanoseconds == 0) return -number;
  *nanoseconds = 1000000000 - *nanoseconds;
  return -number - 1;
}

static uint32_t id(const char *value, size_t len, const struct entry *entry)
{
  int64_t number = decimal(value, len, NULL, entry);
  if (number < 0 || number >= UINT32_MAX) fail("malformed", 0, entry->path);
  return (uint32_t)number;
}

void apply_records(struct entry *entry)
{
  size_t at = 0, len;
  const char *name, *value;
  while (next_record(entry, &at, &name, &value, &len)) {
    if (is(name, value, "path")) take_path(entry->path, value, len, entry);
    else if (is(name, value, "linkpath")) take_path(entry->link, value, len, entry);
    else if (is(name, value, "uid")) entry->uid = id(value, len, entry);
    else if (is(name, value, "gid")) entry->gid = id(value, len, entry);
    else if (is(name, value, "mtime")) entry->seconds = decimal(value, len, &entry->nanoseconds, entry);
    else if (is(name, value, "size")) {
      int64_t size = decimal(value, len, NULL, entry);
      if (size < 0) fail("malformed", 0, entry->path);
      entry->size = (uint64_t)size;
    } else if (strncmp(name, "GNU.sparse.", 11) == 0) fail("sparse", 0, entry->path);
  }
}
