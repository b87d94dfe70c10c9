/* Exec mode: this process becomes the one that waits for a command in a running container. */
#ifndef MONITOR_EXEC_H
#define MONITOR_EXEC_H

#include <stddef.h>
#include <stdint.h>

/* The exit status: the command's own; 128 + n, killed by signal n; 127 not found, 126 not executable; 1 for all else. */
int run_exec(const uint8_t *bytes, size_t len);

#endif
