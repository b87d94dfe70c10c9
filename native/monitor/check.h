/* The process that runs one check in the container: a copy of the monitor, which it never outlives. */
#ifndef MONITOR_CHECK_H
#define MONITOR_CHECK_H

#include "health.h"

/* Writes `health` into FD_RUN, and ends with an enum outcome. `init`: the container's first process, FD_CHILD. */
_Noreturn void run_checker(const struct health_state *before, pid_t init, pid_t monitor);

#endif
