/* The exec of a command. */
#ifndef MONITOR_COMMAND_H
#define MONITOR_COMMAND_H

/* Becomes the command, looked up as execvp(3) does in the PATH of `env`. Comes back only where that fails, with -errno. */
int exec_words(char *const argv[], char *const env[]);

#endif
