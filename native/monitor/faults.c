#define _GNU_SOURCE
#include "faults.h"

#ifdef STK_FAULTS

#include "fds.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define FAULT_FILE "/run/.monitor-fault"

/* Where the record was. */
#define FD_FAULT FD_RECORD

static unsigned count, fatal;

void faults_open(void)
{
  int fd = open(FAULT_FILE, O_RDWR | O_CLOEXEC);
  fd_place(fd, FD_FAULT);
}

static unsigned number_at(const char *text)
{
  unsigned number = 0;
  while (*text >= '0' && *text <= '9') number = 10 * number + (unsigned)(*text++ - '0');
  return number;
}

/* The file says `child:17`. */
void faults_begin(const char *role)
{
  char text[64] = "";
  size_t len = strlen(role);
  count = fatal = 0;
  if (pread(FD_FAULT, text, sizeof text - 1, 0) <= 0) return;
  if (strncmp(text, role, len) == 0 && text[len] == ':') fatal = number_at(text + len + 1);
}

/* The first process of a pid namespace does not hear its own SIGKILL; an instruction that there is not ends it all the same. */
void fault_point(void)
{
  static const char fired[] = "fired";
  if (fatal == 0 || ++count != fatal) return;
  if (pwrite(FD_FAULT, fired, sizeof fired - 1, 0) < 0) return;
  kill(getpid(), SIGKILL);
  __builtin_trap();
}

#endif
