/*
 * stack-doctor: tries what a kernel can do, each thing in namespaces of its own that end with the process that tries. No
 * <linux/...> headers (musl-gcc sees none): numbers of the kernel's interfaces stand where they are used. Functions return 0 or more,
 * or -errno.
 */
#ifndef STACK_DOCTOR_H
#define STACK_DOCTOR_H

#include <stddef.h>
#include <stdint.h>

#define MOST_TEXT 512

/* What came of a try, beside its errno. Lies in memory that the trying process shares with the one that tells. */
struct outcome {
  /* It needed a user namespace of its own: this process may not do it outside one. */
  volatile int in_user_namespace;
  /* The kernel's own words, or what was found. */
  char text[MOST_TEXT];
};

/* Namespaces of its own (CLONE_NEW*): as this process is, else below a user namespace in which it is root. */
int enter(uint64_t namespaces, struct outcome *outcome);
/* The same, always below a user namespace. */
int enter_as_user(uint64_t namespaces, struct outcome *outcome);

/* The tries. `what` is what stands behind the `:` of the request. */
int try_namespace(const char *what, struct outcome *outcome);
int try_link(const char *what, struct outcome *outcome);
int try_qdisc(const char *what, struct outcome *outcome);
int try_nftables(const char *what, struct outcome *outcome);
int try_overlay(const char *what, struct outcome *outcome);
int try_idmapped(const char *what, struct outcome *outcome);
int try_seccomp(const char *what, struct outcome *outcome);
int try_device_program(const char *what, struct outcome *outcome);
int try_group(const char *what, struct outcome *outcome);
int try_subordinate_ids(const char *what, struct outcome *outcome);

/* A group of cgroups that is gone when this process has ended, however it ends; the descriptor of its folder. */
int temporary_group(const char *parent);
void remove_temporary_group(void);

/* A message of rtnetlink or nf_tables that is being written: its length grows with what is put into it. */
struct message {
  uint32_t length, start;
  /* How many acknowledgements were asked for. */
  int acknowledgements;
  _Alignas(8) uint8_t bytes[2048];
};

void begin(struct message *message, int type, int flags, const void *header, size_t length);
void put(struct message *message, int attribute, const void *value, size_t length);
void put_text(struct message *message, int attribute, const char *value);
void put_u32(struct message *message, int attribute, uint32_t value);
/* What follows, up to `close_nest`, is inside the attribute. */
uint32_t open_nest(struct message *message, int attribute);
void close_nest(struct message *message, uint32_t nest);
void end(struct message *message);

/* A netlink socket that tells the kernel's own words; netlink(7). */
int open_netlink(int protocol);
/* Sends, and takes answers until all that was asked for is acknowledged, or one is refused. */
int ask(int fd, const struct message *message, struct outcome *outcome);

/* Writes a file that is there already, in one go. */
int write_file(const char *path, const char *text);

#endif
