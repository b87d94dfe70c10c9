/*
 * stack-rootless: brings a command of an ordinary user into the namespaces in which its stacks are, in which that user is root, and makes
 * these where they are not. All functions return 0 or more, or -errno.
 */
#ifndef STACK_ROOTLESS_H
#define STACK_ROOTLESS_H

#include <sys/types.h>

/* What the command line says. */
struct request {
  /* $XDG_RUNTIME_DIR/stack and $XDG_DATA_HOME/stack. */
  const char *run, *data;
  /* The namespaces stay when the command has ended. */
  int keep;
  /* The first subordinate id and how many, as newuidmap(1) takes them. */
  char *uids[2], *gids[2];
  char **command;
  /* Where the name of the program stands, as `ps` shows it. */
  char *title;
};

/* Where the data folder is found in there: its own place may lie below folders that only the user may pass, not the ids below. */
#define DATA_PLACE "/.stack"

/* When it ends without having become the command: what it has made goes, unless others are there, too. `commands`: as enter_commands gave it. */
void undo(const struct request *request, int commands);

/* One line on standard error, and the end. `error`: an errno, or 0. */
_Noreturn void fail(const char *what, int error, const char *hint);

/*
 * The process that holds the namespaces, which has locked the file `.holder` in the run folder: the kernel tells who that is, and forgets
 * it when that process ends. 0: there is none.
 */
pid_t find_holder(const struct request *request);

/* Makes the namespaces, and a process that holds them: for good, or (not `keep`) until this one ends. Its pid. */
pid_t make_holder(const struct request *request);

/* In a new mount namespace: the host's tree as it is, and beside it DATA_PLACE. */
int make_tree(const char *data);

/*
 * Waits until nobody is taking the holder away, and keeps others from it until this process (and what it becomes) closes the descriptor.
 * -ENOENT: there is no run folder and none is to be made.
 */
int enter_commands(const struct request *request);

/* One command at a time looks for the holder and makes it where there is none: who comes second finds it whole. */
void begin_making(int commands);
void end_making(int commands);

/*
 * A process that stays in the user's own network, and makes connections for the command, whose network has no way out: images come through
 * them. It ends with the command. The command's end of its socket, or -errno.
 */
int begin_dialer(void);

#endif
