/* Run mode: the monitor of one container. */
#ifndef MONITOR_RUN_H
#define MONITOR_RUN_H

#include <stddef.h>
#include <stdint.h>

/* Takes the record's mapping over. Never returns. */
_Noreturn void run_monitor(const uint8_t *bytes, size_t len);

#endif
