#define _GNU_SOURCE
#include "rootless.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is to be undone when it fails. */
static const struct request *begun;
static int begun_commands = -1;

_Noreturn void fail(const char *what, int error, const char *hint)
{
  if (error == 0) fprintf(stderr, "error: %s\n", what);
  else fprintf(stderr, "error: %s: %s\n", what, strerror(error));
  if (hint != NULL) fprintf(stderr, "  hint: %s\n", hint);
  if (begun != NULL) undo(begun, begun_commands);
  exit(1);
}

/* The folder and those above it; the last one with that mode. */
static void make_folders(const char *path, mode_t mode)
{
  char part[4096];
  snprintf(part, sizeof part, "%s", path);
  for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
    *slash = '\0';
    mkdir(part, 0700);
  }
  if (mkdir(path, mode) < 0 && errno != EEXIST) fail(path, errno, "check who may write to the folder above it");
}

/* The first one is the user namespace: only who is in it may enter the others. */
static void enter(pid_t holder)
{
  static const struct {
    const char *name;
    int flag;
  } kinds[] = {{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS}, {"net", CLONE_NEWNET}, {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC}};
  enum { KINDS = sizeof kinds / sizeof *kinds };
  char path[64];
  int files[KINDS];
  for (int i = 0; i < KINDS; i++) {
    snprintf(path, sizeof path, "/proc/%d/ns/%s", holder, kinds[i].name);
    files[i] = open(path, O_RDONLY | O_CLOEXEC);
    if (files[i] < 0) fail("the namespaces of this user's stacks cannot be opened", errno, NULL);
  }
  for (int i = 0; i < KINDS; i++)
    if (setns(files[i], kinds[i].flag) < 0) fail("the namespaces of this user's stacks cannot be entered", errno, NULL);
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail("this user cannot become root of its namespace", errno, NULL);
}

/* For the command: PID START-TIME of the holder ("" where it goes with the command), the descriptors of `.commands` and of the dialer. */
static void tell_command(const struct request *request, pid_t holder, int commands, int dialer)
{
  char text[128], start[STK_START_TIME_LEN];
  if (!request->keep && commands < 0) holder = 0;
  if (holder != 0 && stk_start_time(holder, start) < 0) fail("the process that holds the namespaces has ended", 0, "do it again");
  snprintf(text, sizeof text, "%d %s %d %d", holder, holder == 0 ? "0" : start, commands, dialer);
  setenv("STACK_ROOTLESS", text, 1);
}

static struct request parse(int argc, char **argv)
{
  if (argc < 9) fail("stack-rootless RUN DATA KEEP UID COUNT GID COUNT COMMAND…", 0, NULL);
  return (struct request){
      .run = argv[1],
      .data = argv[2],
      .keep = strcmp(argv[3], "1") == 0,
      .uids = {argv[4], argv[5]},
      .gids = {argv[6], argv[7]},
      .title = argv[0],
      .command = argv + 8,
  };
}

int main(int argc, char **argv)
{
  struct request request = parse(argc, argv);
  char *folder = getcwd(NULL, 0);
  umask(022);
  if (request.keep) make_folders(request.run, 0755);
  int commands = enter_commands(&request);
  if (commands < 0 && commands != -ENOENT) fail(request.run, -commands, NULL);
  if (request.keep) begun = &request, begun_commands = commands;
  /* Not before nobody can be taking it away. What is made in it is for ids below the user's, which must pass. */
  if (request.keep) make_folders(request.data, 0711);
  if (commands >= 0) begin_making(commands);
  pid_t holder = commands < 0 ? 0 : find_holder(&request), made = 0;
  if (holder == 0) holder = made = make_holder(&request);
  if (commands >= 0) end_making(commands);
  int dialer = begin_dialer();
  if (dialer < 0) fail("a process in this user's own network", -dialer, NULL);
  enter(holder);
  /* From here on there is the command's own way out, and the host's folders are not this process's any more. */
  begun = NULL;
  /* One that goes with the command has done its work: the command holds the namespaces itself. */
  tell_command(&request, made != 0 && !request.keep ? 0 : holder, commands, dialer);
  if (folder == NULL || chdir(folder) < 0) chdir("/");
  if (commands >= 0) fcntl(commands, F_SETFD, 0);
  fcntl(dialer, F_SETFD, 0);
  execv(request.command[0], request.command);
  fail(request.command[0], errno, NULL);
}
