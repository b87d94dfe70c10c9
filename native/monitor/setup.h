/* The flat list of operations that make a container's root, its hostname and its sysctls. */
#ifndef MONITOR_SETUP_H
#define MONITOR_SETUP_H

#include "record.h"
#include "status.h"

#include <stdbool.h>

/*
 * All of it, in order, with FD_PROC open; when the command is started again, without what belongs to namespaces that are there yet, which are as
 * they are. False: see `trouble`, whose index is that of the operation.
 */
bool run_setup(const struct run_record *record, struct trouble *trouble);

/* FOLDERs of the caller's, before there is a child. False: see `trouble`. */
bool run_prepare(const struct list *prepare, struct trouble *trouble);

#endif
