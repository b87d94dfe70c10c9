/* `state` in the run folder: how the command has ended; and `restarts`: how often it was started again. */
#ifndef MONITOR_STATE_H
#define MONITOR_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Room for "signal 64" and for every other exit status. */
#define ENDING_MAX 16

/* `exit N` or `signal N`, of a wait status. */
void ending_text(char text[ENDING_MAX], int status);

/* Room on the disk for the state, taken while there is some: a log may fill the rest. */
void state_reserve(void);

/* The ending, and when it came: `finished SECONDS`; then `restarting MS`, that it is started again after so long, unless that is 0. Beside it first, so that who reads it reads all of it. */
bool state_write(int status, time_t when, uint32_t pause);

/* It runs again, for the `count`th time after its start, and ended so before. A file that cannot be written is no reason not to run. */
void state_restarted(int status, uint32_t count);

#endif
