/* The seven namespaces of a record, and the making of a process in them. */
#ifndef MONITOR_SPACES_H
#define MONITOR_SPACES_H

#include "record.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum space_mode { SPACE_NEW, SPACE_HOST, SPACE_JOINED };

enum space_mode space_mode(const struct run_record *record, enum space space);

/* Its name in /proc/PID/ns. */
const char *space_file(enum space space);

/* Opens those to be joined, before any of them is entered: each at FD_SPACES + n. */
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
