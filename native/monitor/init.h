/* Process 1 of a container that has asked for one (`init: true`): this program once more, out of the same sealed memory. */
#ifndef MONITOR_INIT_H
#define MONITOR_INIT_H

/* argv[0] of a monitor that is to be process 1; its command follows. */
#define INIT_TITLE "init"

/*
 * Starts the command, passes every signal on to it and reaps what anybody leaves behind; ends as the command does: with its status, or
 * 128 + n. That the command cannot be started is told at FD_CHILD_SYNC.
 */
_Noreturn void run_init(char *const argv[], char *const env[]);

#endif
