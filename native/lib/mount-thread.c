#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <unistd.h>

struct visit_to_mounts {
  int process;
  mounts_work *work;
  void *arg;
  int32_t result;
};

/* With a root and a working directory of its own, as who enters a mount namespace must have: setns(2). */
static int32_t enter(struct visit_to_mounts *visit)
{
  if (unshare(CLONE_FS) < 0 || setns(visit->process, CLONE_NEWNS) < 0) return -errno;
  int root cleanup_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return root < 0 ? -errno : visit->work(root, visit->arg);
}

/* A thread of its own, which ends with it: none of Node's ever leaves the host. */
static void *run(void *arg)
{
  struct visit_to_mounts *visit = arg;
  visit->result = enter(visit);
  return NULL;
}

int32_t among_mounts(int process, mounts_work *work, void *arg)
{
  pthread_t thread;
  struct visit_to_mounts visit = {.process = process, .work = work, .arg = arg};
  int result = start_thread(&thread, run, &visit);
  if (result < 0) return result;
  pthread_join(thread, NULL);
  return visit.result;
}

void act_as(uint32_t uid, uint32_t gid)
{
  setfsgid(gid);
  setfsuid(uid);
}
