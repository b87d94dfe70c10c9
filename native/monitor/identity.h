/* Who a command runs as, and the last things before its exec. Run by the child itself, as root of its user namespace. */
#ifndef MONITOR_IDENTITY_H
#define MONITOR_IDENTITY_H

#include "record.h"
#include "status.h"

#include <stdbool.h>
#include <sys/types.h>

/* Dies with its parent; not readable, and not to be traced, by others of its ids. A change of ids undoes both. */
void stay_bound(void);

/* The process that holds the other end of FD_CHILD_SYNC is there. To be asked after stay_bound(), too late for one that died before. */
bool parent_lives(void);

/* A session keyring of its own: no key of the caller's is within reach. 0 or -errno. */
int own_keyring(void);

/*
 * Lifts the hard limits of a process that is about to get `identity` as high as its own are to be: only a holder of
 * CAP_SYS_RESOURCE on the host may. 0 or -errno.
 */
int raise_limits(pid_t pid, const struct identity *identity);

/*
 * How ready the kernel is to kill a process that is about to get `identity` when memory runs out: less than before only a holder of
 * CAP_SYS_RESOURCE on the host may make it. 0 or -errno.
 */
int set_oom_score_adj(pid_t pid, const struct identity *identity);

/* Root of this process's user namespace, or the command's own id where the map has no root. 0 or -errno. */
int become_root(const struct identity *identity);

/* Goes to the folder, made first where it is not there and `make` says so; it must lie within the root. 0 or -errno. */
int enter_folder(const char *path, bool make);

/* Limits, groups, ids, capabilities and no_new_privs, for good. False: see `trouble`. */
bool become(const struct identity *identity, struct trouble *trouble);

/* Puts these three in the places of stdin, stdout and stderr; -1 leaves one as it is. 0 or -errno. */
int take_stdio(int in, int out, int err);

/*
 * The seccomp filter, after which this process is bound by it; then, where only a holder of CAP_SYS_ADMIN could install it, the
 * capabilities as they are to be. The last thing before the exec: a filter need not allow what comes before. 0 or -errno.
 */
int install_filter(const struct identity *identity);

/*
 * Looks the command up as execvp(3) does, in the record's own PATH, and becomes it, or becomes its process 1. Comes back only where that
 * fails: see `trouble`.
 */
void exec_command(const struct identity *identity, bool under_init, struct trouble *trouble);

/*
 * Ends this process, which its filter may bind already. A filter that refuses exit_group(2) with an errno would have _exit(3) try for ever; a trap
 * nothing refuses, and it ends process 1 of a pid namespace, too.
 */
_Noreturn void end_confined(int status);

#endif
