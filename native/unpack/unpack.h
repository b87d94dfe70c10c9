/*
 * The unpacker: a tar stream on standard input becomes a tree in a folder that is the whole world of this process. It takes nothing
 * that the archive says for granted. What it has to say goes to standard output, each text ended by NUL (see say.c).
 */
#ifndef UNPACK_H
#define UNPACK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BLOCK 512
/* Of all extended headers of one entry. */
#define PAX_MAX (1 << 20)

/* The folder, as a descriptor: every path is resolved in it. */
#define FD_TOP 3

struct bounds {
  uint64_t bytes;
  uint64_t entries;
};

/* Whether `.wh.` names and overlayfs's own marks mean what they mean in a layer of an image. OCI image-spec, layer.md */
extern bool is_layer;

/* ---- say.c */

/* One text of a kind, e.g. 'o' and the path of an opaque folder. */
void say(char kind, const char *text);
void say_number(char kind, uint64_t number);

/* Says why it cannot go on, and ends. `error` 0: the archive is at fault, not the kernel. */
_Noreturn void fail(const char *code, int error, const char *path);

/* ---- stream.c: standard input */

/* `len` bytes, or fails with `truncated`; false at the end of the stream, where that is allowed. */
bool read_bytes(void *to, size_t len, bool end_allowed, const char *path);

/* The next bytes as they lie in the buffer, at most `most`; fails with `truncated` at the end of the stream. */
const char *next_bytes(uint64_t most, size_t *len, const char *path);
void skip_bytes(uint64_t len, const char *path);

/* Up to the next block, behind so many bytes. A layer may end without its padding: its digest tells whether it is whole (umoci insert). */
void skip_padding(uint64_t size, const char *path);

/* Up to the end of the stream, so that who writes it sees it taken whole. */
void drain(void);

/* Fails with `too-large` behind so many bytes, whatever they are. */
void bound_stream(uint64_t bytes);

/* ---- header.c */

struct entry {
  char type;
  char path[PATH_MAX];
  char link[PATH_MAX];
  uint64_t size;
  mode_t mode;
  uid_t uid;
  gid_t gid;
  int64_t seconds;
  uint32_t nanoseconds;
  /* Records of extended headers, one behind the other: `name=value`, each behind its length. */
  char *pax;
  size_t pax_len;
};

/* The next entry; false at the end of the archive. */
bool next_entry(struct entry *entry);

/* ---- pax.c */

/* Walks the records: false at the end. Fails where they are malformed. `at` begins with 0. */
bool next_record(const struct entry *entry, size_t *at, const char **name, const char **value, size_t *len);

/* What extended headers say of the entry, over its own header. */
void apply_records(struct entry *entry);

/* ---- place.c */

/* The path without empty parts and `.`, without a slash first; fails where a part is `..` or it is too long. */
void normalise(char *path);

/* The folder that a path's last part is to be made in, with those above it made where they are not there; `name` is that part. */
int parent_of(const char *path, const char **name);

/* The same of one that must be there already: -errno where it is not. To be closed. */
int existing_parent(const char *path, const char **name);

/* What is in the place of a new thing goes, but for a folder with something in it. `mark`: a whiteout was there. */
void clear_place(int parent, const char *name, const char *path, bool *mark);

void set_opaque(int folder, const char *path);

/* ---- make.c */

void make_entry(struct entry *entry, struct bounds *bounds);

/* Devices, which no mount of an image could open. */
uint64_t devices_left_out(void);

/* ---- within.c: a program in mount and pid namespaces of its own; its exit status */

int run_within(char **argv);

/* ---- times.c: folders get their times when nothing more is put into them */

void remember_times(const char *path, int64_t seconds, uint32_t nanoseconds);
void set_times(void);

#endif
