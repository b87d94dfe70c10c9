/* A node of the host's in the container's own /dev. */
#ifndef MONITOR_DEVICE_H
#define MONITOR_DEVICE_H

#include "record.h"

/*
 * Binds the node that `source` names on a file of the root, read-only: it is written to all the same, but no mode, owner or time of it
 * can be changed. What is bound is what was looked at: of this type and number, or -ENODEV. 0 or -errno.
 */
int bind_device(const struct setup *s);

#endif
