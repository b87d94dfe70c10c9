/* What a monitor does from "parked" on: it waits, writes the log and the state, and holds the namespaces. */
#ifndef MONITOR_WATCH_H
#define MONITOR_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

/* By and by it looks whether the container is healthy; the command may be started again. */
struct watching {
  bool checked, restarts;
};

/*
 * With FD_SYNC, FD_STATUS, FD_CHILD, FD_OUT, FD_ERR, FD_RUN and FD_LOG in place. Ends with the process: when the child
 * never comes to its first exec, or by SIGKILL.
 */
_Noreturn void watch(pid_t child, struct watching what);

#endif
