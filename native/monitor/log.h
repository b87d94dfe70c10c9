/*
 * The container's log: `2026-11-24T03:00:00.123456789Z stdout F text`, P in place of F for a piece of a line that is too
 * long or was never ended. At LOG_MAX bytes `log` becomes `log.1`.
 */
#ifndef MONITOR_LOG_H
#define MONITOR_LOG_H

#include <stdbool.h>

#define LOG_MAX (10 * 1024 * 1024)

/* Opens `log` in FD_RUN at FD_LOG. 0 or -errno. */
int log_open(void);

enum stream { STREAM_OUT, STREAM_ERR };

/*
 * Takes what is to be read from the stream's pipe (FD_OUT, FD_ERR; non-blocking) into the log. False at its end. Room that is
 * missing costs lines, never the container's time: they are counted, and the count is logged when there is room again.
 */
bool log_pump(enum stream stream);

/* Nothing more comes of what the stream was: what is left in its pipe, and of a line without an end, goes into the log. */
void log_finish(enum stream stream);

/* What the monitor itself has to say, on a line of its own. */
void log_say(const char *text);

#endif
