/*
 * Whether a container is healthy: `check` in its run folder says what is run in it, and when; `health` what came of it. Of a container
 * without one nothing here is called, but for health_wait().
 */
#ifndef MONITOR_HEALTH_H
#define MONITOR_HEALTH_H

#include "record.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum health { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

/* How a check has ended. */
enum outcome { OUTCOME_HEALTHY, OUTCOME_FAILED, OUTCOME_TIMEOUT, OUTCOME_BROKEN, OUTCOME_CALLED_OFF };

/* What is known of a container; a checker begins with a copy of it. */
struct health_state {
  enum health health;
  uint32_t streak; /* checks that have failed, one after the other */
  int64_t begun;   /* milliseconds of CLOCK_MONOTONIC: the container's start, or when its check was changed */
  struct check_times times;
};

/* What it is after one more check. */
void health_after(struct health_state *state, enum outcome outcome, int64_t now);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t health_now(void);

/* Begins a new `health` in the run folder: its descriptor, or -errno. What is written behind is what the check has said. */
int health_open(const struct health_state *state, const char *ended);
/* It is whole: who reads it reads all of it. */
void health_close(int fd);

/* ---- in the monitor */

/* The command has been started: its first check comes an interval later. */
void health_begin(pid_t init);

/* Milliseconds until health_due() has something to do; -1: never. */
int health_wait(void);

/* Makes a checker, when it is time. */
void health_due(void);

/* Descriptors to be watched, or -1: that the check has changed, and that the checker has ended. */
int health_changes(void);
int health_checker(void);
void health_changed(void);
void health_checked(void);

bool health_is_bad(void);

/* The command is ending: no check any more. */
void health_end(void);

#endif
