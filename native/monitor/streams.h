/* The standard streams of a command, made by the child itself. */
#ifndef MONITOR_STREAMS_H
#define MONITOR_STREAMS_H

#include "record.h"

/*
 * Two pipes, at FD_OUT and FD_ERR, made by the container's own root, and then the command's, so that the command may open /dev/stdout
 * again. Who waits at the other end of FD_CHILD_SYNC gets the ends to read, with KIND_READY. 0 or -errno.
 */
int make_output(const struct identity *identity);

/*
 * The container's own /dev/null for stdin: through a descriptor of the host's, a root that is the host's could change the mode
 * of the host's node. Only in a mount namespace of its own can nothing else stand there. -1 where it is something else.
 */
int open_null(void);

#endif
