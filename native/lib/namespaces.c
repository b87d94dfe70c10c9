#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ioctl_nsfs(2), <linux/nsfs.h> */
#define NS_GET_NSTYPE _IO(0xb7, 0x3)

/* /proc/thread-self: other threads of Node are where they were, only this one is moved. */
static const char *own_file(int type)
{
  switch (type) {
  case CLONE_NEWNET:
    return "/proc/thread-self/ns/net";
  case CLONE_NEWIPC:
    return "/proc/thread-self/ns/ipc";
  case CLONE_NEWUTS:
    return "/proc/thread-self/ns/uts";
  default:
    return NULL;
  }
}

static int enter(struct visit *visit, const char *path)
{
  int there cleanup_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (there < 0) return -errno;
  int type = ioctl(there, NS_GET_NSTYPE);
  if (type < 0) return errno == ENOTTY ? -EINVAL : -errno;
  const char *own = own_file(type);
  if (own == NULL) return -EINVAL;
  int home cleanup_fd = open(own, O_RDONLY | O_CLOEXEC);
  if (home < 0) return -errno;
  if (setns(there, type) < 0) return -errno;
  visit->home[visit->count++] = steal_fd(&home);
  return 0;
}

int visit_begin(struct visit *visit, const char *ns1, const char *ns2)
{
  visit->count = 0;
  int result = ns1[0] == '\0' ? 0 : enter(visit, ns1);
  if (result == 0 && ns2[0] != '\0') result = enter(visit, ns2);
  if (result < 0) visit_end(visit);
  return result;
}

void visit_end(struct visit *visit)
{
  while (visit->count > 0) {
    int home = visit->home[--visit->count];
    if (setns(home, 0) < 0) abort();
    close(home);
  }
}
