/*
 * The console of a system container: a terminal of its own devpts, bound to /dev/console. The monitor keeps its master; what is
 * printed there goes into the log, and to the one who is at the console.
 */
#ifndef MONITOR_CONSOLE_H
#define MONITOR_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* In the child, in the new root: makes it, and gives both ends to the monitor; its own stays at FD_TERMINAL. 0 or -errno. */
int make_console(const char *target);

/*
 * In the monitor: takes the ends. The master becomes FD_OUT, so that it is logged; FD_DOOR is the socket `console` in the run folder,
 * for who wants to be at it. 0 or -errno.
 */
int console_take(const int fds[2]);

/* Somebody is at the door: lets him in, or closes it on him when there is another one. */
void console_admit(void);

/*
 * What he has typed, in frames: u8 kind, u8 0, u16 length (little endian), bytes. Kind 0: for the terminal; kind 1: its size, u16 rows and
 * u16 columns. Anything else, and his end, is the end of his stay.
 */
void console_hear(void);

/* He is there, and FD_GUEST is his. */
bool console_has_guest(void);

/* Shows him what was printed. What he does not take in time is not kept for him: the container never waits. */
void console_show(const char *bytes, size_t len);

/* The container has ended: nobody is let in any more. */
void console_close(void);

#endif
