/*
 * The boundary: everything the TypeScript side may call (src/kernel/ffi.ts). Parameters are int32_t, NUL-ended text or
 * bytes only; every function returns >= 0 or -errno; none keeps a pointer after it has returned.
 */
#ifndef STACK_H
#define STACK_H

#include "../common/process.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* Raised whenever a signature changes; ffi.ts refuses another one. */
#define STK_ABI 13

EXPORT int32_t stk_abi(void);

/* netlink.c */
EXPORT int32_t stk_nl_open(int32_t rcvbuf);
EXPORT int32_t stk_nl_open_netfilter(int32_t rcvbuf);
EXPORT int32_t stk_nl_open_in(const char *ns_path, int32_t rcvbuf);
EXPORT int32_t stk_nl_open_generic_in(const char *ns_path, int32_t rcvbuf);
EXPORT int32_t stk_nl_transact(int32_t fd, const uint8_t *req, int32_t len, uint8_t *out, int32_t out_len, int32_t timeout_ms);
EXPORT int32_t stk_nl_cookie(int32_t fd, uint8_t *out, int32_t len);

/* later.c */
EXPORT int32_t stk_nl_begin(int32_t fd, const uint8_t *req, int32_t len, int32_t out_len, int32_t timeout_ms);
EXPORT int32_t stk_nl_end(int32_t done, uint8_t *out, int32_t out_len);

/* visits.c */
EXPORT int32_t stk_visits_begin(const uint8_t *places, int32_t len, const uint8_t *req, int32_t req_len, const uint8_t *kept,
                                int32_t kept_len, int32_t rcvbuf, int32_t timeout_ms);
EXPORT int32_t stk_visits_end(int32_t slot, uint8_t *out, int32_t out_len);

/* launches.c */
EXPORT int32_t stk_spawn_begin(const char *monitor, const char *title, const char *cgroup2, const uint8_t *record, int32_t len);
EXPORT int32_t stk_spawn_end(int32_t status, uint8_t *out, int32_t out_len);

/* spawn.c */
EXPORT int32_t stk_become(const char *monitor, const uint8_t *record, int32_t len);
EXPORT int32_t stk_exec(const char *path, const uint8_t *argv, int32_t argv_len, const uint8_t *env, int32_t env_len);

/* processes.c */
EXPORT int32_t stk_poll(uint8_t *pollfds, int32_t count, int32_t timeout_ms);
EXPORT int32_t stk_read(int32_t fd, uint8_t *out, int32_t len);
EXPORT int32_t stk_go(int32_t go_fd);
EXPORT int32_t stk_open(const char *path, int32_t flags, int32_t mode);
EXPORT int32_t stk_close(int32_t fd);
EXPORT int32_t stk_pidfd_open(int32_t pid, const char *start_time);
EXPORT int32_t stk_signal(int32_t pid, const char *start_time, int32_t signal);
EXPORT int32_t stk_set_limit(int32_t pid, const char *start_time, int32_t resource, const uint8_t *limit);
EXPORT int32_t stk_reap(int32_t pid);

/* files.c */
EXPORT int32_t stk_read_in(const char *ns1, const char *ns2, const char *path, uint8_t *out, int32_t len);
EXPORT int32_t stk_write_in(const char *ns1, const char *ns2, const char *path, const uint8_t *data, int32_t len);
EXPORT int32_t stk_read_files(const uint8_t *paths, int32_t len, uint8_t *out, int32_t out_len);
EXPORT int32_t stk_lock(const char *path);
EXPORT int32_t stk_spread(const char *path);

/* read-inside.c */
EXPORT int32_t stk_read_inside(const char *root, const char *path, uint8_t *out, int32_t len);

/* mount-file.c */
EXPORT int32_t stk_mount_file(int32_t pid, const char *start_time, const char *source, const char *target, const char *folder);

/* mount-in.c */
EXPORT int32_t stk_mount_in(int32_t pid, const char *start_time, const char *source, const char *target, const char *data,
                            const uint8_t *numbers, int32_t len);
EXPORT int32_t stk_unmount_in(int32_t pid, const char *start_time, const char *source, const char *target);

/* dial.c */
EXPORT int32_t stk_dial_begin(int32_t socket, const char *host, const char *port);
EXPORT int32_t stk_dial_end(int32_t socket, uint8_t *out, int32_t len);

/* remove.c */
EXPORT int32_t stk_remove_tree(const char *path);

/* removals.c */
EXPORT int32_t stk_removals_begin(const uint8_t *paths, int32_t len);
EXPORT int32_t stk_removals_end(int32_t done, uint8_t *out, int32_t out_len);

/* tap.c */
EXPORT int32_t stk_tap_open(const char *ns_path, const char *name, int32_t many, int32_t owner, int32_t group);
EXPORT int32_t stk_tap_keep(int32_t fd);

/* frames.c */
EXPORT int32_t stk_send_frames(const char *ns_path, const char *link, const uint8_t *frames, int32_t len);

/* devices.c */
EXPORT int32_t stk_device_load(const char *name, const uint8_t *code, int32_t len);
EXPORT int32_t stk_device_attach(const char *folder, int32_t program, const char *name, const char *mark);
EXPORT int32_t stk_device_programs(const uint8_t *folders, int32_t len, uint8_t *out, int32_t out_len);

/* mount-thread.c, not exported: what is done in the mount namespace of a process (a pidfd), whose root is open. 0 or -errno. */
typedef int32_t mounts_work(int root, void *arg);
int32_t among_mounts(int process, mounts_work *work, void *arg);

/* For this thread's files alone: what it makes is this user's, who has no more power over files than any other. setfsuid(2) */
void act_as(uint32_t uid, uint32_t gid);

/* spawn.c, not exported: a monitor to be started, and what there is of it then. `status`: its end of the status pipe. 0 or -errno. */
struct launch {
  const char *monitor, *title, *cgroup2;
  const uint8_t *record;
  size_t len;
  int status;
};

/* Read by ffi.ts. */
struct spawned {
  int32_t pid;
  int32_t pidfd;
  int32_t go_fd;
  char start_time[STK_START_TIME_LEN];
};

int32_t spawn_monitor(const struct launch *launch, struct spawned *spawned);

/* sealed.c, not exported: memory that nobody can change any more. A descriptor or -errno. */

/* The record; to be closed. */
int record_memfd(const uint8_t *record, size_t len);

/* A copy of the program, or where the kernel allows none the file itself; to be closed. */
int open_program(const char *path);

/* The same, opened once for all spawns of this process, and kept: a hundred monitors share its pages. */
int program_fd(const char *path);

/* thread.c, not exported: pthread_create(3), but signals are for Node's own threads. 0 or -errno. */
int start_thread(pthread_t *thread, void *(*run)(void *), void *arg);

/* netlink.c, not exported: one message of a buffer. Its length with padding; 0 where the rest is none. */
struct nlmsghdr;
size_t next_message(const uint8_t *data, size_t len, struct nlmsghdr *header);

/*
 * trim.c, not exported: messages with no more than is asked for. `paths`: of each attribute that is, TRIM_STEPS uint16_t, the type of message and the
 * types of attributes that lead to it, each in the one before, then zeros. The bytes that are left.
 */
#define TRIM_STEPS 5
size_t trim(uint8_t *bytes, size_t len, const uint8_t *paths, size_t paths_len);

/* listing.c, not exported: a thing and what is in it, as stk_read_files gives it of "%PATH"; the folders in one, as of "+PATH". */
int32_t list_one(const char *path, uint8_t *out, size_t len);
int32_t list_folders(const char *path, uint8_t *out, size_t len);

/* files.c, not exported: one path's text, as stk_read_files gives it. */
int32_t read_one(const char *path, uint8_t *out, size_t len);

/* namespaces.c, not exported: a visit to other namespaces by this thread. */
struct visit {
  int home[2];
  int count;
};

/* Enters the namespaces of these files ("" is none), net, ipc and uts only. 0 or -errno, then nothing has changed. */
int visit_begin(struct visit *visit, const char *ns1, const char *ns2);

/* Goes back. A thread that cannot must not go on: it would do everything after in a container's namespaces. */
void visit_end(struct visit *visit);

#endif
