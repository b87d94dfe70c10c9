/* Exec mode: this process becomes the one that waits for a command in a running container. */
#ifndef MONITOR_EXEC_H
#define MONITOR_EXEC_H

#include "record.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The exit status: the command's own; 128 + n, killed by signal n; 127 not found, 126 not executable; 1 for all else. */
int run_exec(const uint8_t *bytes, size_t len);

/* Each of the record's at FD_TASKS + n, for the process that is about to be made. */
bool open_cgroup_files(const struct exec_record *record, struct trouble *trouble);

/*
 * Makes the command's process in the container whose first process FD_CHILD is: its pid, with FD_CHILD its own from here on, and FD_SYNC
 * the socket at which it tells of a failure, and which its exec closes. 0: see `trouble`.
 */
pid_t make_inner(const struct exec_record *record, struct trouble *trouble);

#endif
