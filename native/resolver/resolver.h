/*
 * stack-resolver: answers DNS questions for the names of a stack's containers, out of a hosts file that others keep up to date (native/README.md). What stands in a
 * message is never believed: each length is looked at before it is used.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* RFC 1035, 2.3.4 and 4.2; RFC 6891; what fits every path: DNS Flag Day 2020. */
enum { NAME_MAX_BYTES = 255, LABEL_MAX = 63, HEADER_LEN = 12, UDP_LEAST = 512, UDP_MOST = 1232, TCP_MOST = 65535 };
/* A question is shorter than this, whatever EDNS options it carries: longer ones are not taken. */
enum { QUERY_MOST = 1232 };

enum rcode { NOERROR = 0, FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5, BADVERS = 16 };
enum type { TYPE_A = 1, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_OPT = 41, TYPE_AXFR = 252, TYPE_ANY = 255 };
enum { CLASS_IN = 1, CLASS_ANY = 255 };

/* -------------------------------------------------------------------------------------------------- names */

struct host {
  const char *name; /* in small letters, without a dot at its end */
  uint8_t family;   /* 4 or 6 */
  uint8_t ip[16];
  const char *line; /* for the first name of a line, what an address is called: the same with the domain, where the line has it */
};

void names_open(const char *path, const char *domain);

/* Reads the file again where it is another, or has another text, than at the last time. */
void names_refresh(void);

/* All of that name, one behind the other; NULL: none. */
const struct host *names_find(const char *name, size_t *count);

/* What an address is called; NULL: nothing. */
const char *names_of(uint8_t family, const uint8_t *ip);

/* Whether some name ends with a dot and this one. */
bool names_below(const char *name);

/* Of the text: seconds since the epoch. */
uint32_t names_serial(void);

/* ------------------------------------------------------------------------------------------------ messages */

struct query {
  uint16_t id, flags;
  char name[NAME_MAX_BYTES + 1]; /* in small letters, without a dot at its end; a byte that no host name has is \001 */
  unsigned labels;
  uint16_t type, class;
  size_t end; /* of the question */
  bool edns, dnssec_ok;
  uint8_t version;
  uint16_t size; /* of an answer by UDP that it takes */
};

/* NOERROR: `query` is whole. FORMERR, NOTIMP: only id and flags are. -1: nothing that is to be answered. */
int read_query(const uint8_t *bytes, size_t len, struct query *query);

/* An answer being written: what does not fit is left out, and told by TC. */
struct writer {
  uint8_t *bytes;
  size_t len, limit;
};

/* Header and question; `limit` leaves room for what EDNS wants. */
void begin_answer(struct writer *w, const struct query *query, const uint8_t *bytes, bool whole);
/* `name`: of a record's owner, that is so many bytes behind the beginning of the question's; -1: the root. */
bool add_record(struct writer *w, int offset, uint16_t type, uint32_t ttl, const uint8_t *data, size_t len);
void count_record(struct writer *w, int section);
size_t end_answer(struct writer *w, const struct query *query, int rcode, uint16_t flags);
/* A name as it goes over the wire; its length, or 0 for one that is none. */
size_t encode_name(uint8_t out[NAME_MAX_BYTES], const char *name);
bool same_question(const uint8_t *one, const uint8_t *other, size_t end);

enum { FLAG_QR = 0x8000, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080, OPCODE = 0x7800 };
enum { SECTION_ANSWER = 6, SECTION_AUTHORITY = 8, SECTION_ADDITIONAL = 10 };

/* ------------------------------------------------------------------------------------------------- answers */

struct request {
  const char *domain;
  struct sockaddr_storage upstreams[8];
  size_t upstream_count;
};
extern struct request request;

/* Writes the answer into `out`, which has room for `limit` bytes. Its length; 0: somebody else is to be asked. -1: none is due. */
ssize_t answer(const uint8_t *bytes, size_t len, uint8_t *out, size_t limit, bool stream);
/* The same with an error alone, for a question that read_query has taken. */
size_t refuse(const uint8_t *bytes, size_t len, int rcode, uint8_t *out, size_t limit);

/* --------------------------------------------------------------------------------------------- conversations */

enum { MOST_PENDING = 128, MOST_STREAMS = 32, MOST_POLLS = 4 + MOST_PENDING + MOST_STREAMS };

struct pollfd;

/* Milliseconds of a clock that never goes back. */
int64_t now(void);
socklen_t address_len(const struct sockaddr_storage *address);

/* Whom an answer by UDP goes to, and from which of our addresses. */
struct peer {
  int fd;
  struct sockaddr_storage address, own;
};
void send_to(const struct peer *peer, const uint8_t *bytes, size_t len);

/* Asks the upstreams, one after the other. */
void forward(const struct peer *peer, const uint8_t *bytes, size_t len);
/* What there is to wait for, and until when at the latest (`*until`, lowered); how many were added. Then what has come of it. */
size_t forward_polls(struct pollfd *polls, int64_t *until);
void forward_step(const struct pollfd *polls, size_t count);

void stream_accept(int listener);
size_t stream_polls(struct pollfd *polls, int64_t *until);
void stream_step(const struct pollfd *polls, size_t count);

#endif
