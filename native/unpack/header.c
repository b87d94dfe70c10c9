#define _GNU_SOURCE
#include "unpack.h"

#include <stdlib.h>
#include <string.h>

/* pax(1), "ustar Interchange Format"; GNU tar's and v7's are read the same way as far as they are. */
struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[8], user[32], group[32], major[8],
    minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* Octal digits between blanks, or GNU's binary number behind a set first bit; negative where that is. */
static int64_t number(const char *field, size_t len, const char *path)
{
  if (((unsigned char)field[0] & 0x80) != 0) {
    int64_t value = ((unsigned char)field[0] & 0x40) != 0 ? -1 : 0;
    for (size_t i = 0; i < len; i++) {
      if (i + 8 < len) {
        if (i > 0 && (unsigned char)field[i] != (value < 0 ? 0xff : 0)) fail("malformed", 0, path);
        continue;
      }
      value = (int64_t)((uint64_t)value << 8 | (unsigned char)field[i]);
    }
    return value;
  }
  uint64_t value = 0;
  size_t i = 0;
  while (i < len && field[i] == ' ') i++;
  for (; i < len && field[i] >= '0' && field[i] <= '7'; i++) value = value << 3 | (uint64_t)(field[i] - '0');
  if (i < len && field[i] != ' ' && field[i] != '\0') fail("malformed", 0, path);
  return (int64_t)value;
}

/* The sum of all bytes, the checksum's own taken as blanks; some add them with a sign. */
static bool is_sound(const struct header *header)
{
  const char *bytes = (const char *)header;
  int64_t plain = 8 * ' ', with_sign = 8 * ' ';
  for (size_t i = 0; i < BLOCK; i++) {
    if (bytes + i >= header->checksum && bytes + i < header->checksum + 8) continue;
    plain += (unsigned char)bytes[i];
    with_sign += (signed char)bytes[i];
  }
  int64_t said = number(header->checksum, sizeof header->checksum, "");
  return said == plain || said == with_sign;
}

static bool is_zero(const struct header *header)
{
  static const char zero[BLOCK];
  return memcmp(header, zero, BLOCK) == 0;
}

static uint64_t sized(const struct header *header, const char *path)
{
  int64_t size = number(header->size, sizeof header->size, path);
  if (size < 0 || size > INT64_MAX - BLOCK) fail("malformed", 0, path);
  return (uint64_t)size;
}

static uint64_t padded(uint64_t size)
{
  return (size + BLOCK - 1) / BLOCK * BLOCK;
}

static void join_name(char *to, const struct header *header)
{
  size_t len = 0;
  /* GNU's own format has other things in the prefix's place. */
  if (memcmp(header->magic, "ustar\0", 6) == 0 && header->prefix[0] != '\0') {
    len = strnlen(header->prefix, sizeof header->prefix);
    memcpy(to, header->prefix, len);
    to[len++] = '/';
  }
  size_t name = strnlen(header->name, sizeof header->name);
  memcpy(to + len, header->name, name);
  to[len + name] = '\0';
}

/* The contents of a GNU long name: the entry's path or link. */
static void read_long(char *to, uint64_t size)
{
  if (size > PATH_MAX) fail("long-path", 0, "");
  char text[PATH_MAX + BLOCK];
  read_bytes(text, padded(size), false, "");
  size_t len = strnlen(text, size);
  if (len >= PATH_MAX) fail("long-path", 0, "");
  memcpy(to, text, len);
  to[len] = '\0';
}

static void read_records(struct entry *entry, uint64_t size)
{
  if (size > PAX_MAX || entry->pax_len + size > PAX_MAX) fail("long-header", 0, "");
  char *grown = realloc(entry->pax, entry->pax_len + padded(size) + 1);
  if (grown == NULL) fail("memory", 0, "");
  entry->pax = grown;
  read_bytes(grown + entry->pax_len, padded(size), false, "");
  entry->pax_len += size;
}

static void read_own(struct entry *entry, const struct header *header, bool long_path, bool long_link)
{
  if (!long_path) join_name(entry->path, header);
  if (!long_link) {
    size_t len = strnlen(header->link, sizeof header->link);
    memcpy(entry->link, header->link, len);
    entry->link[len] = '\0';
  }
  entry->type = header->type;
  entry->size = sized(header, entry->path);
  entry->mode = (mode_t)number(header->mode, sizeof header->mode, entry->path) & 07777;
  entry->uid = (uid_t)number(header->uid, sizeof header->uid, entry->path);
  entry->gid = (gid_t)number(header->gid, sizeof header->gid, entry->path);
  entry->seconds = number(header->mtime, sizeof header->mtime, entry->path);
  entry->nanoseconds = 0;
}

/* One block of zeros is the end, as it is for everybody; a layer may also just end. */
static bool read_header(struct header *header)
{
  if (!read_bytes(header, BLOCK, is_layer, "")) return false;
  if (is_zero(header)) return false;
  if (!is_sound(header)) fail("checksum", 0, "");
  return true;
}

bool next_entry(struct entry *entry)
{
  struct header header;
  bool long_path = false, long_link = false;
  entry->pax_len = 0;
  while (read_header(&header)) {
    switch (header.type) {
      case 'L':
        read_long(entry->path, sized(&header, ""));
        long_path = true;
        continue;
      case 'K':
        read_long(entry->link, sized(&header, ""));
        long_link = true;
        continue;
      case 'x': read_records(entry, sized(&header, "")); continue;
      /* What is said of all entries: of what matters here nobody writes any of it. */
      case 'g': skip_bytes(padded(sized(&header, "")), ""); continue;
      default: break;
    }
    read_own(entry, &header, long_path, long_link);
    apply_records(entry);
    if (entry->size > INT64_MAX - BLOCK) fail("malformed", 0, entry->path);
    return true;
  }
  if (long_path || long_link || entry->pax_len > 0) fail("truncated", 0, "");
  return false;
}
