#define _GNU_SOURCE
#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* More is no hosts file of a stack: ten thousand containers with ten names each are two thirds of it. */
#define TEXT_MOST (8 * 1024 * 1024)
/* So long after it was written, the file may be written again without another time of change: a tick of the kernel's. */
#define UNSETTLED_NS 20000000LL

static struct {
  const char *path, *domain;
  struct stat status;
  bool unsettled;
  char *text;
  struct host *by_name, *by_ip;
  size_t names, ips, room;
} table;

void names_open(const char *path, const char *domain)
{
  table.path = path;
  table.domain = domain;
}

static int compare_names(const void *a, const void *b)
{
  const struct host *one = a, *other = b;
  int result = strcmp(one->name, other->name);
  /* Those of one name in the order of the file. */
  return result != 0 ? result : one->name < other->name ? -1 : one->name > other->name;
}

static int compare_ips(const void *a, const void *b)
{
  const struct host *one = a, *other = b;
  if (one->family != other->family) return one->family - other->family;
  return memcmp(one->ip, other->ip, sizeof one->ip);
}

static bool is_name(const char *name)
{
  uint8_t wire[NAME_MAX_BYTES];
  return encode_name(wire, name) > 1;
}

static bool add(struct host *list, size_t *count, const struct host *host)
{
  if (*count >= table.room) return false;
  list[(*count)++] = *host;
  return true;
}

static bool is_with_domain(const char *name, const char *first)
{
  size_t len = strlen(first);
  return strncmp(name, first, len) == 0 && name[len] == '.' && strcmp(name + len + 1, table.domain) == 0;
}

static void to_small(char *word)
{
  for (; *word != '\0'; word++)
    if (*word >= 'A' && *word <= 'Z') *word = (char)(*word + 'a' - 'A');
}

/* `ADDRESS NAME…`, up to a comment; the text becomes its words. */
static void take_line(char *line)
{
  struct host host = {.family = 4}, first;
  char *rest = NULL, *word;
  line[strcspn(line, "#")] = '\0';
  word = strtok_r(line, " \t\r\v\f", &rest);
  if (word == NULL) return;
  if (inet_pton(AF_INET, word, host.ip) != 1) {
    host.family = 6;
    if (inet_pton(AF_INET6, word, host.ip) != 1) return;
  }
  bool named = false;
  while ((word = strtok_r(NULL, " \t\r\v\f", &rest)) != NULL) {
    to_small(word);
    if (!is_name(word)) continue;
    host.name = word;
    add(table.by_name, &table.names, &host);
    if (!named) {
      first = host;
      first.line = word;
      named = true;
    } else if (is_with_domain(word, first.name)) first.line = word;
  }
  if (named) add(table.by_ip, &table.ips, &first);
}

/* For so many words. */
static bool make_room(size_t room)
{
  struct host *by_name = calloc(room, sizeof *by_name), *by_ip = calloc(room, sizeof *by_ip);
  if (by_name == NULL || by_ip == NULL) {
    free(by_name);
    free(by_ip);
    return false;
  }
  free(table.by_name);
  free(table.by_ip);
  table.by_name = by_name;
  table.by_ip = by_ip;
  table.names = table.ips = 0;
  table.room = room;
  return true;
}

static size_t count_words(const char *text)
{
  size_t count = 0;
  for (bool in_word = false; *text != '\0'; text++) {
    bool word = strchr(" \t\r\v\f\n", *text) == NULL;
    if (word && !in_word) count++;
    in_word = word;
  }
  return count;
}

static char *read_text(int fd, size_t len)
{
  char *text = malloc(len + 1);
  size_t have = 0;
  while (text != NULL && have < len) {
    ssize_t n = read(fd, text + have, len - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += (size_t)n;
  }
  if (text != NULL) text[have] = '\0';
  return text;
}

static void load(int fd, const struct stat *status)
{
  if (status->st_size > TEXT_MOST) return;
  char *text = read_text(fd, (size_t)status->st_size);
  if (text == NULL || !make_room(count_words(text) + 1)) {
    free(text);
    return;
  }
  free(table.text);
  table.text = text;
  for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) take_line(line);
  qsort(table.by_name, table.names, sizeof *table.by_name, compare_names);
  qsort(table.by_ip, table.ips, sizeof *table.by_ip, compare_ips);
}

static bool is_same(const struct stat *status)
{
  const struct stat *known = &table.status;
  return known->st_ino == status->st_ino && known->st_dev == status->st_dev && known->st_size == status->st_size &&
         known->st_mtim.tv_sec == status->st_mtim.tv_sec && known->st_mtim.tv_nsec == status->st_mtim.tv_nsec;
}

static bool is_unsettled(const struct stat *status)
{
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  int64_t age = (time.tv_sec - status->st_mtim.tv_sec) * 1000000000LL + time.tv_nsec - status->st_mtim.tv_nsec;
  return age >= 0 && age < UNSETTLED_NS;
}

void names_refresh(void)
{
  struct stat status;
  if (stat(table.path, &status) < 0 || !S_ISREG(status.st_mode)) return;
  if (is_same(&status) && !table.unsettled) return;
  int fd = open(table.path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (fstat(fd, &status) == 0) {
    table.unsettled = is_unsettled(&status);
    load(fd, &status);
    table.status = status;
  }
  close(fd);
}

const struct host *names_find(const char *name, size_t *count)
{
  size_t low = 0, high = table.names;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(table.by_name[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  for (high = low; high < table.names && strcmp(table.by_name[high].name, name) == 0;) high++;
  *count = high - low;
  return high == low ? NULL : &table.by_name[low];
}

const char *names_of(uint8_t family, const uint8_t *ip)
{
  struct host wanted = {.family = family};
  if (table.ips == 0) return NULL;
  memcpy(wanted.ip, ip, family == 4 ? 4 : 16);
  const struct host *found = bsearch(&wanted, table.by_ip, table.ips, sizeof *table.by_ip, compare_ips);
  return found == NULL ? NULL : found->line;
}

bool names_below(const char *name)
{
  size_t len = strlen(name);
  for (size_t n = 0; n < table.names; n++) {
    size_t its = strlen(table.by_name[n].name);
    if (its > len + 1 && table.by_name[n].name[its - len - 1] == '.' && strcmp(table.by_name[n].name + its - len, name) == 0) return true;
  }
  return false;
}

uint32_t names_serial(void)
{
  return (uint32_t)table.status.st_mtim.tv_sec;
}
