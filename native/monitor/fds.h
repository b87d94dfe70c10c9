/*
 * The descriptors of a monitor and of its children. Each has its number, so that a held namespace is found from outside, and
 * nothing that is opened later can take the place of another.
 */
#ifndef MONITOR_FDS_H
#define MONITOR_FDS_H

enum fds {
  FD_RECORD = 3, /* given */
  FD_STATUS = 4, /* given */
  FD_GO = 5,     /* given */
  FD_GIVEN_END = 6,

  FD_SYNC = 6,       /* the monitor's end of the socket that it shares with its child */
  FD_CHILD_SYNC = 7, /* the child's end */
  FD_RUN = 8,        /* the run folder: a number that others know */
  FD_LOG = 9,
  FD_NET = 10, /* held namespaces: numbers that others know */
  FD_UTS = 11,
  FD_IPC = 12,
  FD_OUT = 13, /* the command's stdout and stderr: ends to read in the monitor, to write in the child */
  FD_ERR = 14,
  FD_CHILD = 15, /* pidfd */
  FD_CGROUP2 = 16,
  FD_PROC = 17, /* the host's procfs, for sysctls */
  FD_ROOT = 18, /* the new root, while it is made */
  FD_TERMINAL = 19,
  FD_SIGNALS = 20,    /* of exec: those that are passed on; of a monitor: that its check has changed */
  FD_USER = 21,       /* a held namespace, too */
  FD_PROGRAM = 22,    /* this program, for process 1 */
  FD_DOOR = 23,       /* the socket of a console, and who is at it */
  FD_KEPT = 61,       /* the record, for the files that are given once more when the command is started again */
  FD_CHECKER = 62,    /* pidfd of the one that runs a check */
  FD_GUEST = 63,
  FD_TASKS = 24,      /* + n: cgroup files that the child writes itself into */
  FD_SPACES = 64,     /* + n: namespaces to join */
  FD_OPEN_PATHS = 100, /* + n: a number that others know */
  FD_MOUNTS = 200      /* + n: not attached anywhere yet */
};

/* Gives `fd` that number, close-on-exec, and its old one back. The number, or -errno; -errno in, -errno out. */
int fd_place(int fd, int number);

/*
 * In the child, once its root is made: closes every descriptor of a folder. The command is looked up before those go that are
 * close-on-exec, and it, or its working directory, may be called /proc/self/fd/17/../bin/sh (CVE-2024-21626).
 */
void close_ways_out(void);

/* Writes "0" to a cgroup's file of tasks: the writer enters. 0 or -errno. */
int cgroup_enter(int fd);

/* Opens FOLDER/NAME for writing, or with `name` NULL just FOLDER. */
int cgroup_open(const char *folder, const char *name);

#endif
