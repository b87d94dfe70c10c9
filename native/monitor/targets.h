/* Places in the new root, FD_ROOT: nothing leads out of it. */
#ifndef MONITOR_TARGETS_H
#define MONITOR_TARGETS_H

#include "../common/make-target.h"

/* A symbolic link on the way is an error, whoever put it there; `..` cannot lead out. A descriptor (O_PATH), or -errno. */
int open_target(const char *target, int flags);

/*
 * A folder, or else a regular file, where something is to be mounted: links on the way are followed as the container would, within the
 * root. What is missing is made. Never where no target may be by its text (make_place_in). A descriptor (O_PATH), or -errno.
 */
int make_target(const char *target, bool folder);

#endif
