/* A pseudo-terminal of the container's: the end for the command, made inside, and the user's terminal on the outside. */
#ifndef MONITOR_TERMINAL_H
#define MONITOR_TERMINAL_H

#include "status.h"

#include <stdbool.h>

/*
 * In the inner process, leader of its session: opens a pair, hands the master out along FD_CHILD_SYNC as KIND_READY, waits for
 * the answer, and makes the other end its controlling terminal, stdin, stdout and stderr.
 */
bool take_terminal(struct trouble *trouble);

/* In the outer process: the size of the user's terminal for the container's, and the user's in raw mode, if it is one. */
void terminal_begin(int master);
void terminal_resize(int master);

/* Puts the user's terminal back. More than once does no harm. */
void terminal_end(void);

#endif
