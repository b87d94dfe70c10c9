/* Files that the record itself holds: in memory, each mounted where the container is to find it. */
#ifndef MONITOR_GIVEN_H
#define MONITOR_GIVEN_H

#include "record.h"

/* Operation `give`: `given` are the record's. 0 or -errno. */
int give_file(const struct setup *s, const struct list *given);

/* Operation `unmount`: takes the mount at the target off, with the folder that it was on. 0 or -errno. */
int unmount_folder(const struct setup *s);

#endif
