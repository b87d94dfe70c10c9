#include "resolver.h"

#include <string.h>

static uint16_t get16(const uint8_t *at)
{
  return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t value)
{
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static char small(uint8_t byte)
{
  return (char)(byte >= 'A' && byte <= 'Z' ? byte + 'a' - 'A' : byte);
}

/* A dot in a label, or what could end a text, is part of no host name. */
static char shown(uint8_t byte)
{
  return byte <= ' ' || byte == '.' || byte >= 0x7f ? '\001' : small(byte);
}

/* The question's name: its labels one behind the other. There is nothing before it that a pointer could lead to. 0: it is none. */
static size_t read_name(const uint8_t *bytes, size_t len, struct query *q)
{
  size_t at = HEADER_LEN, out = 0;
  q->labels = 0;
  for (;;) {
    if (at >= len) return 0;
    uint8_t label = bytes[at++];
    if (label == 0) break;
    if (label > LABEL_MAX || at + label > len || at + label - HEADER_LEN >= NAME_MAX_BYTES) return 0;
    if (out > 0) q->name[out++] = '.';
    for (uint8_t n = 0; n < label; n++) q->name[out++] = shown(bytes[at + n]);
    at += label;
    q->labels++;
  }
  q->name[out] = '\0';
  return at;
}

/* Behind a name of a record, which may end with a pointer. 0: it is none. */
static size_t skip_name(const uint8_t *bytes, size_t len, size_t at)
{
  while (at < len) {
    uint8_t label = bytes[at];
    if (label == 0) return at + 1;
    if ((label & 0xc0) == 0xc0) return at + 2 <= len ? at + 2 : 0;
    if (label > LABEL_MAX) return 0;
    at += 1 + (size_t)label;
  }
  return 0;
}

/* RFC 6891, 6.1.2. The class is a size, the ttl: extended rcode, version, flags. */
static bool take_opt(const uint8_t *fixed, bool at_root, struct query *q)
{
  if (q->edns || !at_root) return false;
  q->edns = true;
  q->size = get16(fixed + 2);
  q->version = fixed[5];
  q->dnssec_ok = (fixed[6] & 0x80) != 0;
  return true;
}

/* The records behind the question, of which only that of EDNS says something. */
static bool read_records(const uint8_t *bytes, size_t len, struct query *q)
{
  unsigned before = (unsigned)get16(bytes + SECTION_ANSWER) + get16(bytes + SECTION_AUTHORITY);
  unsigned count = before + get16(bytes + SECTION_ADDITIONAL);
  size_t at = q->end;
  for (unsigned n = 0; n < count; n++) {
    size_t fixed = skip_name(bytes, len, at);
    if (fixed == 0 || len < 10 || fixed > len - 10) return false;
    size_t data = get16(bytes + fixed + 8);
    if (data > len - fixed - 10) return false;
    if (n >= before && get16(bytes + fixed) == TYPE_OPT && !take_opt(bytes + fixed, fixed == at + 1, q)) return false;
    at = fixed + 10 + data;
  }
  return true;
}

int read_query(const uint8_t *bytes, size_t len, struct query *q)
{
  memset(q, 0, sizeof *q);
  q->size = UDP_LEAST;
  if (len < HEADER_LEN) return -1;
  q->id = get16(bytes);
  q->flags = get16(bytes + 2);
  if ((q->flags & FLAG_QR) != 0) return -1;
  if ((q->flags & OPCODE) != 0) return NOTIMP;
  if (get16(bytes + 4) != 1) return FORMERR;
  size_t at = read_name(bytes, len, q);
  if (at == 0 || at + 4 > len) return FORMERR;
  q->type = get16(bytes + at);
  q->class = get16(bytes + at + 2);
  q->end = at + 4;
  return read_records(bytes, len, q) ? NOERROR : FORMERR;
}

enum { OPT_LEN = 11, RECORD_LEN = 12 };

void begin_answer(struct writer *w, const struct query *q, const uint8_t *bytes, bool whole)
{
  memset(w->bytes, 0, HEADER_LEN);
  put16(w->bytes, q->id);
  w->len = HEADER_LEN;
  if (q->edns) w->limit -= OPT_LEN;
  if (!whole) return;
  put16(w->bytes + 4, 1);
  memcpy(w->bytes + HEADER_LEN, bytes + HEADER_LEN, q->end - HEADER_LEN);
  w->len = q->end;
}

bool add_record(struct writer *w, int offset, uint16_t type, uint32_t ttl, const uint8_t *data, size_t len)
{
  size_t owner = offset < 0 ? 1 : 2;
  if (w->limit - w->len < owner + 10 + len) return false;
  uint8_t *at = w->bytes + w->len;
  if (offset < 0) *at = 0;
  else put16(at, (uint16_t)(0xc000 | (HEADER_LEN + offset)));
  at += owner;
  put16(at, type);
  put16(at + 2, CLASS_IN);
  put16(at + 4, (uint16_t)(ttl >> 16));
  put16(at + 6, (uint16_t)ttl);
  put16(at + 8, (uint16_t)len);
  memcpy(at + 10, data, len);
  w->len += owner + 10 + len;
  return true;
}

void count_record(struct writer *w, int section)
{
  put16(w->bytes + section, (uint16_t)(get16(w->bytes + section) + 1));
}

size_t end_answer(struct writer *w, const struct query *q, int rcode, uint16_t flags)
{
  if (q->edns) {
    uint8_t *at = w->bytes + w->len;
    memset(at, 0, OPT_LEN);
    put16(at + 1, TYPE_OPT);
    put16(at + 3, UDP_MOST);
    at[5] = (uint8_t)(rcode >> 4);
    at[7] = q->dnssec_ok ? 0x80 : 0;
    w->len += OPT_LEN;
    count_record(w, SECTION_ADDITIONAL);
  }
  put16(w->bytes + 2, (uint16_t)(FLAG_QR | (q->flags & (OPCODE | FLAG_RD)) | flags | (rcode & 15)));
  return w->len;
}

size_t encode_name(uint8_t out[NAME_MAX_BYTES], const char *name)
{
  size_t len = 0;
  for (const char *label = name; *label != '\0';) {
    size_t size = strcspn(label, ".");
    if (size == 0 || size > LABEL_MAX || len + size + 2 > NAME_MAX_BYTES) return 0;
    out[len++] = (uint8_t)size;
    memcpy(out + len, label, size);
    len += size;
    label += size;
    if (*label == '.') label++;
  }
  out[len++] = 0;
  return len;
}

/* Its letters may have another case by now; a label's length is none. RFC 4343 */
bool same_question(const uint8_t *one, const uint8_t *other, size_t end)
{
  if (get16(other + 4) != 1) return false;
  for (size_t n = HEADER_LEN; n < end; n++)
    if (one[n] != other[n] && (n + 4 >= end || small(one[n]) != small(other[n]))) return false;
  return true;
}
