/*
 * What a monitor tells its caller, and what monitor and child tell each other. One message is 16 bytes, little endian:
 * a pipe takes it as a whole, and a SOCK_SEQPACKET socket keeps it apart from the next.
 */
#ifndef MONITOR_STATUS_H
#define MONITOR_STATUS_H

#include <stdbool.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "messages and records are little endian");

/* The step that failed. src/kernel/launch/status.ts has the same list. */
enum stage {
  STAGE_RECORD = 1,
  STAGE_SESSION = 2,
  STAGE_MONITOR_CGROUP = 3,
  STAGE_PREPARE = 4,
  STAGE_OPEN_PATH = 5,
  STAGE_RUN_FOLDER = 6,
  STAGE_LOG = 7,
  STAGE_JOIN = 8, /* index: which namespace, in the record's order */
  STAGE_CLONE = 9,
  STAGE_UID_MAP = 10,
  STAGE_GID_MAP = 11,
  STAGE_CGROUP = 12,
  STAGE_IDS = 13,
  STAGE_LOOPBACK = 14,
  STAGE_HOLD = 15,
  STAGE_SETUP = 16, /* index: which operation */
  STAGE_GROUPS = 17,
  STAGE_CAPABILITIES = 18,
  STAGE_RLIMITS = 19,
  STAGE_STDIO = 20,
  STAGE_CWD = 21,
  STAGE_EXEC = 22,
  STAGE_DIED = 23, /* error: wait status */
  STAGE_PIPE = 24,
  STAGE_OOM = 25,
  STAGE_SECCOMP = 26,
  STAGE_CONSOLE = 27,
  STAGE_MOUNT_SOURCE = 30, /* index: which mount of the record; these three */
  STAGE_MOUNT_IDS = 31,
  STAGE_MOUNT_FLAGS = 32,
};

enum kind {
  KIND_PARKED = 1, /* a: pid. To the caller. */
  KIND_FAILED = 2, /* a: stage, b: index, c: errno. To the caller, and from child to monitor. */
  KIND_BORN = 3,   /* a: pid. From the joiner: the child that it has made for its own parent. */
  KIND_READY = 4,  /* From the child, with descriptors. */
  KIND_MAPPED = 5, /* To the child: what it waits for is done. */
  KIND_OPENED = 6, /* To the child, with a descriptor. */
  KIND_GO = 7,     /* To the child, where it is the monitor itself that starts the command again. */
};

struct message {
  uint32_t kind, a, b, c;
};

/* Why something did not work. */
struct trouble {
  uint32_t stage, index;
  uint32_t error; /* errno; a wait status for STAGE_DIED */
  bool told;      /* by the other side, which is the one that failed */
};

/* Fills `trouble`; always false, so that a function can end with it. `result` is an errno, negative or not. */
bool trouble_is(struct trouble *trouble, uint32_t stage, uint32_t index, int result);

/* Sends one message along a pipe or a socket, nothing said when nobody listens any more. */
void message_send(int fd, uint32_t kind, uint32_t a, uint32_t b, uint32_t c);
void message_send_failure(int fd, const struct trouble *trouble);

#define MESSAGE_FDS 2

/* One message with descriptors. 0 or -errno. */
int message_send_fds(int socket, uint32_t kind, const int *fds, int count);

/*
 * Waits for one message. 1; 0 when the other side is gone; -errno. `fds` takes exactly the MESSAGE_FDS descriptors that came
 * with it, close-on-exec, -1 where there were fewer.
 */
int message_receive(int socket, struct message *message, int fds[MESSAGE_FDS]);

/*
 * The same, for one that must be of this kind; `a`, if not NULL, takes its first number. False: `trouble` is what the other
 * side has failed with, or STAGE_DIED when it is gone.
 */
bool message_await(int socket, uint32_t kind, int fds[MESSAGE_FDS], uint32_t *a, struct trouble *trouble);

#endif
