/*
 * Paths that the child may not walk to, opened for it. They must be opened in its own mount namespace: overlayfs takes no
 * folder of another one (EINVAL). There the child is nobody on the host, so a process beside it, with the monitor's rights,
 * goes in and hands them over.
 */
#ifndef MONITOR_PATHS_H
#define MONITOR_PATHS_H

#include "record.h"
#include "status.h"

#include <stdbool.h>
#include <sys/types.h>

/* In the monitor: opens them for `child`, and sends them along FD_SYNC. */
bool send_paths(const struct run_record *record, pid_t child, struct trouble *trouble);

/* In the child: path n is FD_OPEN_PATHS + n. */
bool take_paths(const struct run_record *record, struct trouble *trouble);

#endif
