/* The outer process of an exec: waits for the inner one, passes signals on, and bytes where there is a terminal between. */
#ifndef MONITOR_ATTEND_H
#define MONITOR_ATTEND_H

#include "status.h"

#include <sys/types.h>

/* Signals that are passed on, and those that would leave a terminal in raw mode: to be blocked before attend(). */
void attend_block_signals(void);

/* With FD_CHILD and FD_SYNC in place. `name`: the command's, for a message. The exit status for this process. */
int attend(pid_t inner, const char *name);

/* Why there was no command, in words: add_text(). */
char *add_trouble(char *at, const char *end, const char *name, const struct trouble *trouble);

/* One line on stderr about it. The exit status for this process. */
int say_trouble(const char *name, const struct trouble *trouble);

#endif
