#include "resolver.h"

#include <stdio.h>
#include <string.h>

/* Names come and go: nobody is to keep an answer. */
#define TTL 0

struct request request;

/* Which part of the question's name an SOA is told of: so many labels at its end. -1: the root. */
static int offset_of(const struct query *q, unsigned labels)
{
  int offset = 0;
  const char *at = q->name;
  for (unsigned n = q->labels; n > labels && at != NULL; n--) {
    const char *dot = strchr(at, '.');
    if (dot == NULL) return -1;
    offset += (int)(dot - at) + 1;
    at = dot + 1;
  }
  return labels == 0 ? -1 : offset;
}

static bool add_soa(struct writer *w, int offset, int section)
{
  uint8_t data[2 * NAME_MAX_BYTES + 20], *at = data;
  char mail[NAME_MAX_BYTES + 8];
  snprintf(mail, sizeof mail, "nobody.%s", request.domain);
  at += encode_name(at, request.domain);
  size_t len = encode_name(at, mail);
  if (len == 0) len = encode_name(at, request.domain);
  at += len;
  const uint32_t numbers[] = {names_serial(), 3600, 600, 86400, TTL};
  for (size_t n = 0; n < 5; n++)
    for (int shift = 24; shift >= 0; shift -= 8) *at++ = (uint8_t)(numbers[n] >> shift);
  if (!add_record(w, offset, TYPE_SOA, TTL, data, (size_t)(at - data))) return false;
  count_record(w, section);
  return true;
}

/* There is nothing of that name, or of that type. RFC 2308: an SOA says of what zone. */
static size_t nothing(struct writer *w, const struct query *q, int rcode, unsigned labels)
{
  bool fits = add_soa(w, offset_of(q, labels), SECTION_AUTHORITY);
  return end_answer(w, q, rcode, FLAG_AA | (fits ? 0 : FLAG_TC));
}

static bool asks_for(const struct query *q, uint8_t family)
{
  return q->type == TYPE_ANY || q->type == (family == 4 ? TYPE_A : TYPE_AAAA);
}

/* All of them, each time another one first: so every one of several gets its share. */
static size_t addresses(struct writer *w, const struct query *q, const struct host *hosts, size_t count, unsigned zone)
{
  static size_t turn;
  uint16_t flags = FLAG_AA;
  size_t found = 0, first = turn++ % count;
  for (size_t n = 0; n < count; n++) {
    const struct host *host = &hosts[(first + n) % count];
    if (!asks_for(q, host->family)) continue;
    found++;
    bool is4 = host->family == 4;
    if (!add_record(w, 0, is4 ? TYPE_A : TYPE_AAAA, TTL, host->ip, is4 ? 4 : 16)) {
      flags |= FLAG_TC;
      break;
    }
    count_record(w, SECTION_ANSWER);
  }
  return found == 0 ? nothing(w, q, NOERROR, zone) : end_answer(w, q, NOERROR, flags);
}

/* ------------------------------------------------------------------------------------------- of addresses */

static int digit(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `2.0.20.10.in-addr.arpa`: the numbers, the last first. How many there are; -1: it is no such name. */
static int read_reverse4(const char *name, uint8_t ip[16])
{
  uint8_t parts[4];
  int count = 0;
  while (strcmp(name, "in-addr.arpa") != 0) {
    int value = 0, digits = 0;
    for (; *name >= '0' && *name <= '9' && digits < 3; digits++) value = value * 10 + *name++ - '0';
    if (digits == 0 || *name != '.' || value > 255 || count == 4) return -1;
    parts[count++] = (uint8_t)value;
    name++;
  }
  for (int n = 0; n < count; n++) ip[n] = parts[count - 1 - n];
  return count;
}

static int read_reverse6(const char *name, uint8_t ip[16])
{
  uint8_t nibbles[32];
  int count = 0;
  while (strcmp(name, "ip6.arpa") != 0) {
    int value = digit(name[0]);
    if (value < 0 || name[1] != '.' || count == 32) return -1;
    nibbles[count++] = (uint8_t)value;
    name += 2;
  }
  for (int n = 0; n < count; n++) ip[n / 2] = (uint8_t)(ip[n / 2] | nibbles[count - 1 - n] << (n % 2 == 0 ? 4 : 0));
  return count;
}

/* Labels of the zone that no server of the world has anything to say of: RFC 6303. 0: it may have. */
static unsigned private_zone(int family, const uint8_t ip[16], int parts)
{
  if (family == 6) {
    if (parts >= 2 && ip[0] == 0xfd) return 4;
    return parts >= 3 && ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80 ? 5 : 0;
  }
  if (parts >= 1 && (ip[0] == 10 || ip[0] == 127)) return 3;
  if (parts < 2) return 0;
  bool is_private = (ip[0] == 172 && (ip[1] & 0xf0) == 16) || (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254);
  return is_private ? 4 : 0;
}

static size_t name_of(struct writer *w, const struct query *q, const char *name)
{
  uint8_t wire[NAME_MAX_BYTES];
  bool fits = add_record(w, 0, TYPE_PTR, TTL, wire, encode_name(wire, name));
  if (fits) count_record(w, SECTION_ANSWER);
  return end_answer(w, q, NOERROR, FLAG_AA | (fits ? 0 : FLAG_TC));
}

/* 0: somebody else may know. */
static size_t reverse(struct writer *w, const struct query *q, int family, const uint8_t ip[16], int parts)
{
  bool is_whole = parts == (family == 4 ? 4 : 32);
  const char *name = is_whole ? names_of((uint8_t)family, ip) : NULL;
  unsigned zone = private_zone(family, ip, parts);
  if (name == NULL) return zone == 0 ? 0 : nothing(w, q, is_whole ? NXDOMAIN : NOERROR, zone);
  if (q->type == TYPE_PTR || q->type == TYPE_ANY) return name_of(w, q, name);
  return nothing(w, q, NOERROR, zone == 0 ? q->labels : zone);
}

/* ----------------------------------------------------------------------------------------------- of names */

static unsigned labels_in(const char *name)
{
  unsigned count = 1;
  for (; *name != '\0'; name++) count += *name == '.';
  return count;
}

static bool is_within(const char *name, const char *zone)
{
  size_t len = strlen(name), its = strlen(zone);
  if (len < its || strcmp(name + len - its, zone) != 0) return false;
  return len == its || name[len - its - 1] == '.';
}

/* The stack's domain is ours, and so is every name without a dot: no server of the world has any. 0: somebody else may know. */
static size_t named(struct writer *w, const struct query *q)
{
  bool ours = is_within(q->name, request.domain);
  unsigned zone = ours ? labels_in(request.domain) : q->labels == 1 ? 0 : q->labels;
  size_t count;
  const struct host *hosts = names_find(q->name, &count);
  if (hosts != NULL) return addresses(w, q, hosts, count, zone);
  if (!ours && q->labels != 1) return 0;
  bool is_apex = ours && q->labels == zone;
  if (is_apex && (q->type == TYPE_SOA || q->type == TYPE_ANY)) {
    bool fits = add_soa(w, 0, SECTION_ANSWER);
    return end_answer(w, q, NOERROR, FLAG_AA | (fits ? 0 : FLAG_TC));
  }
  return nothing(w, q, is_apex || names_below(q->name) ? NOERROR : NXDOMAIN, zone);
}

static size_t known(struct writer *w, const struct query *q)
{
  uint8_t ip[16] = {0};
  if (q->labels == 0) return 0;
  if (is_within(q->name, "in-addr.arpa")) {
    int parts = read_reverse4(q->name, ip);
    return parts < 0 ? 0 : reverse(w, q, 4, ip, parts);
  }
  if (is_within(q->name, "ip6.arpa")) {
    int parts = read_reverse6(q->name, ip);
    return parts < 0 ? 0 : reverse(w, q, 6, ip, parts);
  }
  return named(w, q);
}

static size_t error_alone(struct writer *w, const struct query *q, int rcode)
{
  return end_answer(w, q, rcode, request.upstream_count > 0 ? FLAG_RA : 0);
}

static size_t limit_of(const struct query *q, size_t room, bool stream)
{
  if (stream) return room < TCP_MOST ? room : TCP_MOST;
  size_t wanted = q->size < UDP_LEAST ? UDP_LEAST : q->size > UDP_MOST ? UDP_MOST : q->size;
  return wanted < room ? wanted : room;
}

ssize_t answer(const uint8_t *bytes, size_t len, uint8_t *out, size_t room, bool stream)
{
  struct query q;
  int rcode = read_query(bytes, len, &q);
  if (rcode < 0) return -1;
  struct writer w = {.bytes = out, .limit = limit_of(&q, room, stream)};
  if (rcode == FORMERR || rcode == NOTIMP) q.edns = false;
  begin_answer(&w, &q, bytes, rcode == NOERROR);
  if (rcode != NOERROR) return (ssize_t)error_alone(&w, &q, rcode);
  if (q.edns && q.version > 0) return (ssize_t)error_alone(&w, &q, BADVERS);
  if (q.class != CLASS_IN && q.class != CLASS_ANY) return (ssize_t)error_alone(&w, &q, REFUSED);
  /* 251 to 254 are of whole zones, and such as are no types: RFC 6895. */
  if (q.type >= 251 && q.type <= 254) return (ssize_t)error_alone(&w, &q, NOTIMP);
  names_refresh();
  size_t written = known(&w, &q);
  if (written > 0) {
    if (request.upstream_count > 0) out[3] |= FLAG_RA;
    return (ssize_t)written;
  }
  /* Who does not wish for others to be asked gets none of their answers. */
  if (request.upstream_count == 0 || (q.flags & FLAG_RD) == 0) return (ssize_t)error_alone(&w, &q, REFUSED);
  return 0;
}

size_t refuse(const uint8_t *bytes, size_t len, int rcode, uint8_t *out, size_t room)
{
  struct query q;
  if (read_query(bytes, len, &q) != NOERROR) return 0;
  struct writer w = {.bytes = out, .limit = room};
  begin_answer(&w, &q, bytes, true);
  return error_alone(&w, &q, rcode);
}
