/* Text without stdio: each `add_` writes at `at`, never past `end`, always NUL-ended, and gives where the next goes. */
#ifndef MONITOR_TEXT_H
#define MONITOR_TEXT_H

#include <stdint.h>
#include <sys/types.h>

char *add_text(char *at, const char *end, const char *text);

/* In decimal, with zeros in front up to `digits`. */
char *add_number(char *at, const char *end, uint64_t number, int digits);

/* Room for "/proc/PID/" and a short name. */
#define PROC_PATH_LEN 48

/* "/proc/PID/NAME" */
void proc_path(char path[PROC_PATH_LEN], pid_t pid, const char *name);

#endif
