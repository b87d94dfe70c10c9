/* Places in a root that belongs to others. */
#ifndef STACK_MAKE_TARGET_H
#define STACK_MAKE_TARGET_H

#include <stdbool.h>

/* linux/magic.h */
#define PROC_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define CGROUP2_MAGIC 0x63677270

/* What is there for who has this root. A descriptor (O_PATH), or -errno. */
int follow_in(int root, const char *path);

/*
 * The folder or file at `target` in `root`, made where there is none, with the folders above it: links are followed as in that root, and a
 * file that the last one leads to is made there. EXDEV within procfs, sysfs and cgroup2, EISDIR or ENOTDIR where it is the other sort. A descriptor (O_PATH), or -errno.
 */
int make_target_in(int root, const char *target, bool folder);

/*
 * The same where something is to be mounted. Where no target may be by its text, no link may lead to either: EXDEV on the root's own /dev,
 * EBUSY for the root itself.
 */
int make_place_in(int root, const char *target, bool folder);

#endif
