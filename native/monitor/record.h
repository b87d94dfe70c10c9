/*
 * The launch record: read where it lies, nothing copied. Everything is checked once, by record_read_*; what the `next_`
 * functions walk over afterwards is known to be whole.
 */
#ifndef MONITOR_RECORD_H
#define MONITOR_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MAGIC 0x314b5453U /* "STK1" */

/* More than any caller has use for, so that fixed room is enough. */
enum { MAX_GROUPS = 1024, MAX_CGROUPS = 32, MAX_OPEN_PATHS = 64, MAX_FILTER = 4096 /* BPF_MAXINSNS */, MAX_MOUNTS = 256 };

enum init_mode { INIT_NONE = 0, INIT_REAPER = 1, INIT_SYSTEM = 2 };

/* The run folder has a `launch`; of a record with files it is they that are given once more. */
enum restarts { RESTARTS_NOT = 0, RESTARTS_PLAIN = 1, RESTARTS_GIVING = 2 };

enum record_mode { MODE_RUN = 0, MODE_EXEC = 1, MODE_CHECK = 2, MODE_AGAIN = 3 };

/* In the record's order. */
enum space { SPACE_USER, SPACE_MOUNT, SPACE_PID, SPACE_NET, SPACE_UTS, SPACE_IPC, SPACE_CGROUP, SPACE_COUNT };

enum setup_op {
  OP_MOUNT_ROOT = 1,
  OP_ROOT = 2,
  OP_MOUNT = 3,
  OP_BIND = 4,
  OP_MKDIR = 5,
  OP_FILE = 6,
  OP_SYMLINK = 7,
  OP_PIVOT = 8,
  OP_HOSTNAME = 9,
  OP_SYSCTL = 10,
  OP_ATTACH_ROOT = 11,
  OP_ATTACH = 12,
  OP_TMPFS = 13,
  OP_READ_ONLY = 14,
  OP_FOLDER = 15,
  OP_CONSOLE = 16,
  OP_DEVICE = 17,
  OP_GIVE = 18,
  OP_UNMOUNT = 19,
  OP_LAST = OP_UNMOUNT,
};

/* NUL behind it, none within it. */
struct text {
  const char *at;
  uint32_t len;
};

/* Items one behind the other, of the size that each turns out to have. */
struct list {
  uint32_t count;
  const uint8_t *at;
};

struct prepare {
  struct text path;
  uint32_t mode, uid, gid;
  struct text link; /* what a symbolic link says; "": it is a folder */
  uint32_t fresh;   /* only where the one before it was made */
};

struct setup {
  uint32_t op;
  struct text source, target, type;
  uint32_t flags; /* MS_* of mount(2), a mode, the number of a device, or which of the record's mounts */
  struct text data;
};

struct mount_copy {
  struct text source;
  uint32_t flags, propagation; /* MS_* of mount(2) */
  uint32_t idmapped;           /* it shows the ids of the container's user namespace */
};

struct given {
  uint32_t uid, gid, mode; /* ids of the container */
  uint32_t read_only;
  uint32_t len;
  const uint8_t *bytes;
};

struct limit {
  uint32_t resource;
  uint64_t soft, hard;
};

struct identity {
  uint32_t uid, gid;
  struct list groups; /* u32 */
  uint64_t capabilities;
  uint32_t no_new_privileges;
  struct list limits;
  int32_t oom_score_adj;
  uint32_t filter_flags; /* SECCOMP_FILTER_FLAG_* */
  struct list filter;    /* u64, each a struct sock_filter of linux/filter.h; empty: none */
  struct text cwd;
  struct list argv, env; /* text */
};

struct run_record {
  struct text run_dir;
  struct text spaces[SPACE_COUNT]; /* `new`, `host`, or the path of an nsfs file */
  struct text uid_map, gid_map;
  struct text cgroup2;
  struct list cgroups1, monitor_cgroups1; /* text */
  struct list prepare;
  struct list open_paths; /* text */
  struct list setup;
  uint32_t init; /* enum init_mode */
  uint32_t owner_uid, owner_gid; /* of INIT_SYSTEM: who may make groups below its own */
  struct identity identity;
  struct list mounts;
  struct list given;
  uint32_t checked; /* the run folder has a `check` */
  uint32_t restarts; /* enum restarts */
  bool again;       /* the command was started before: its container's namespaces and folders are there */
};

struct exec_record {
  struct text pid, start_time;
  uint32_t spaces; /* CLONE_NEW* */
  uint32_t tty;
  struct list cgroup_files; /* text */
  struct identity identity;
  bool gathered; /* what it prints goes to who waits for it */
};

/* When a container's check is run. Milliseconds. */
struct check_times {
  uint32_t interval, timeout, start_period, start_interval;
  uint32_t retries;
};

/* When a command that has ended is started again. */
enum restart { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_UNLESS_STOPPED, RESTART_UNLESS_HEALTHY };

/* What the file `launch` says of that. */
struct again_rule {
  uint32_t monitor; /* pid: of nobody else is it to be heeded */
  enum restart restart;
  uint32_t most; /* of RESTART_ON_FAILURE: no more often than this; 0: as often as it takes */
  uint32_t stop_signal, grace; /* how one that is unhealthy is ended; milliseconds */
};

/* The mode, or -1: these are not the bytes of a record. */
int record_mode(const uint8_t *bytes, size_t len);

/* False where any length, number or text in it is not as it must be. */
bool record_read_run(const uint8_t *bytes, size_t len, struct run_record *record);
bool record_read_exec(const uint8_t *bytes, size_t len, struct exec_record *record);

/* The file `check`; of its first CHECK_HEAD bytes alone, the times. */
#define CHECK_HEAD 28
bool record_read_times(const uint8_t *bytes, size_t len, struct check_times *times);
bool record_read_check(const uint8_t *bytes, size_t len, struct exec_record *record);

/* The file `launch`; of its first AGAIN_HEAD bytes, or fewer where it is shorter, the rule alone. */
#define AGAIN_HEAD 128
bool record_read_rule(const uint8_t *bytes, size_t len, struct again_rule *rule);
bool record_read_again(const uint8_t *bytes, size_t len, struct again_rule *rule, struct run_record *record);

/* The pages of a record, read only; NULL where the descriptor is no file of a sound size. */
const uint8_t *record_map(int fd, size_t *len);

bool text_is(struct text text, const char *word);

/* One item of a list of a record that has been read; `at` goes on to the next. */
uint32_t next_u32(const uint8_t **at);
uint64_t next_u64(const uint8_t **at);
struct text next_text(const uint8_t **at);
struct prepare next_prepare(const uint8_t **at);
struct setup next_setup(const uint8_t **at);
struct limit next_limit(const uint8_t **at);
struct mount_copy next_mount(const uint8_t **at);
struct given next_given(const uint8_t **at);

#endif
