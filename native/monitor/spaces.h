/* The seven namespaces of a record, and the making of a process in them. */
#ifndef MONITOR_SPACES_H
#define MONITOR_SPACES_H

#include "record.h"
#include "status.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum space_mode { SPACE_NEW, SPACE_HOST, SPACE_JOINED };

enum space_mode space_mode(const struct run_record *record, enum space space);

/* The descriptor by which the monitor holds it; -1: it holds none of that kind. */
int space_held(enum space space);

/* "/proc/PID/ns/NAME" */
void space_path(char path[PROC_PATH_LEN], pid_t pid, enum space space);

/* CLONE_NEW* of those in which the process is not where this one is: only these can be joined. */
uint32_t other_spaces(pid_t pid);

/* Opens those to be joined, before any of them is entered: each at FD_SPACES + n. Once the command was started, those that are held are. */
bool open_spaces(const struct run_record *record, struct trouble *trouble);

/* The child enters its cgroup of cgroup2 by writing itself into a file that the monitor has opened: it is not born there. */
bool enters_cgroup2(const struct run_record *record);

/* What the child does. Does not return. */
typedef void child_main(const struct run_record *record);

/*
 * Makes the container's first process, a child of this one; returns its pid here, and calls `child` in it. `joiner` gets the
 * pid of the process in between, where namespaces are joined: its child's pid comes later, as KIND_BORN. 0: see `trouble`.
 */
pid_t make_child(const struct run_record *record, child_main *child, bool *joiner, struct trouble *trouble);

#endif
