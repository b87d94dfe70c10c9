/* The container's first process, from its birth to its exec. */
#ifndef MONITOR_CHILD_H
#define MONITOR_CHILD_H

#include "record.h"

/*
 * With FD_CHILD_SYNC, FD_GO, FD_TASKS + n, FD_PROC and the open paths in place. Sends KIND_READY with the ends to read of
 * stdout and stderr when it is parked, KIND_FAILED if something fails; without "go" it ends with status 0.
 */
_Noreturn void run_child(const struct run_record *record);

#endif
