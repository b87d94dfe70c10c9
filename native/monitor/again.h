/*
 * Starting a command again that has ended: `launch` in the run folder says when, and how. It is read each time, so that whoever writes another
 * one, or removes it, is heeded. Of a container without one nothing is done here but to look for it when its command has ended.
 */
#ifndef MONITOR_AGAIN_H
#define MONITOR_AGAIN_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The command runs; `first`: for the first time. */
void again_began(bool first);

/* It has ended; `system`: it had a console. True: it is to be started again; what there is to say about it is in the log. */
bool again_after(int status, bool system);

/* The pause until then; 0: it is not started again. Milliseconds. */
uint32_t again_pause(void);

/* Milliseconds until again_is_due() or again_insist() has something to say; -1: never. */
int again_wait(void);

bool again_is_due(void);

enum again { AGAIN_RAISED, AGAIN_FAILED, AGAIN_CALLED_OFF, AGAIN_LATER };

/*
 * Makes the container's first process anew and tells it to go on to its exec, which is heard of as at the first time: FD_SYNC, FD_CHILD, FD_OUT and
 * FD_ERR are in place. FAILED: see `trouble`. CALLED_OFF: it is not to be started any more. LATER: there is another `launch` by now.
 */
enum again again_raise(pid_t *child, struct trouble *trouble);

/* It did not come to its exec. LATER: it is tried once more; FAILED: it is not, which is then its end; CALLED_OFF. */
enum again again_after_failure(const struct trouble *trouble);

/* The container is unhealthy: where that is to be so, its command is asked to end, and made to when it has not in time. */
void again_unhealthy(void);
void again_insist(void);

#endif
