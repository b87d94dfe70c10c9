/*
 * Mounts that the child may not make itself, made for it: copies of what the caller can reach, with the container's ids where they are
 * to be shown so, given to nobody but the child until it attaches them. Only who has power over the file system's own user namespace
 * may map ids on it, and only on a copy that is not attached yet. mount_setattr(2), open_tree(2)
 */
#ifndef MONITOR_MOUNTS_H
#define MONITOR_MOUNTS_H

#include "record.h"
#include "status.h"

#include <stdbool.h>
#include <sys/types.h>

/* In the monitor, once the child has its maps: makes them, and sends them along FD_SYNC. */
bool send_mounts(const struct run_record *record, pid_t child, struct trouble *trouble);

/* In the child: mount n is FD_MOUNTS + n. */
bool take_mounts(const struct run_record *record, struct trouble *trouble);

/* Operations of the child's list; 0 or -errno. */
int attach_outside(const struct setup *s);
int attach_inside(const struct setup *s);
int mount_tmpfs(const struct setup *s);
int close_to_writing(const struct setup *s);
int make_folders_inside(const struct setup *s);

#endif
