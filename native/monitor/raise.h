/* The raising of a container's first process: from what it is to find open, up to where it only waits for "go". */
#ifndef MONITOR_RAISE_H
#define MONITOR_RAISE_H

#include "record.h"
#include "status.h"

#include <stdbool.h>
#include <sys/types.h>

/* Its cgroups, the namespaces that it joins, the host's procfs, its program, the socket. False: see `trouble`; as of all below. */
bool open_for_child(const struct run_record *record, struct trouble *trouble);

/* Makes it, with its maps and limits; of what was opened for it only its end of the socket stays open here, and FD_CHILD is its pidfd. */
bool raise_child(const struct run_record *record, pid_t *pid, struct trouble *trouble);

/* It is ready: the ends to read of its standard output and error become FD_OUT and FD_ERR. */
bool take_output(struct trouble *trouble);

/* Where that has failed when it was done again: all that may be open of it. */
void close_raised(void);

/* Ends it, and waits for that. What it has said itself, or how it had ended before, is the reason why other things have failed here. */
void put_down(pid_t pid, struct trouble *trouble);

#endif
