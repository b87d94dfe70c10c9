/* The mount calls that musl does not know. linux/mount.h; open_tree(2), move_mount(2), mount_setattr(2), fsopen(2) */
#ifndef STACK_KERNEL_MOUNTS_H
#define STACK_KERNEL_MOUNTS_H

#include <stdint.h>
#include <sys/mount.h>

#define RECURSIVE 0x8000U /* AT_RECURSIVE */
#define ATTRIBUTE_IDMAP 0x00100000U
/* RDONLY, NOSUID, NODEV and NOEXEC have the same numbers in mount(2) and in mount_setattr(2). */
#define ATTRIBUTE_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

struct mount_attributes {
  uint64_t set, clear, propagation, user_namespace;
};

/* A copy of the mount at `path`, of those below it too where `recursive` is RECURSIVE, attached nowhere. A descriptor, or -errno. */
int copy_mount(const char *path, unsigned recursive);

/* A copy of what this descriptor lies in, with it as its root: a file of it can be mounted so. A descriptor, or -errno. */
int copy_mount_of(int fd);

/* Of a copy or of the mount that the folder is the root of. 0 or -errno. */
int set_mount_attributes(int mount, unsigned recursive, struct mount_attributes *attributes);

int move_mount_to(int copy, int target);

/*
 * A tmpfs with these options (mount(8)) over the folder of this descriptor. Who makes it need not be let into that folder, as mount(2) on a
 * working folder would have it. 0 or -errno.
 */
int mount_tmpfs_on(int place, unsigned flags, const char *options);

#endif
