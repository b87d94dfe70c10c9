#define _GNU_SOURCE
#include "faults.h"
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int give(const struct prepare *p)
{
  if (p->uid == 0 && p->gid == 0) return 0;
  return fchownat(AT_FDCWD, p->path.at, p->uid, p->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* 1: made. There is nothing that could be in its place: the folder that it lies in was just made. */
static int prepare_link(const struct prepare *p)
{
  if (symlink(p->link.at, p->path.at) < 0) return errno == EEXIST ? 0 : -errno;
  fault_point();
  int result = give(p);
  return result < 0 ? result : 1;
}

/*
 * 1: made. A folder that is there already stays as its container has left it. One that still belongs to root was made by somebody who
 * was killed before he could give it away.
 */
static int prepare_folder(const struct prepare *p)
{
  struct stat status;
  if (mkdir(p->path.at, p->mode) == 0) {
    fault_point();
    int result = give(p);
    return result < 0 ? result : 1;
  }
  if (errno != EEXIST) return -errno;
  if (fstatat(AT_FDCWD, p->path.at, &status, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
  if (!S_ISDIR(status.st_mode)) return -ENOTDIR;
  return status.st_uid == 0 && status.st_gid == 0 ? give(p) : 0;
}

bool run_prepare(const struct list *prepare, struct trouble *trouble)
{
  const uint8_t *at = prepare->at;
  int result = 0;
  for (uint32_t n = 0; n < prepare->count; n++) {
    struct prepare p = next_prepare(&at);
    if (p.fresh && result != 1) continue;
    result = p.link.len > 0 ? prepare_link(&p) : prepare_folder(&p);
    if (result < 0) return trouble_is(trouble, STAGE_PREPARE, n, result);
    fault_point();
  }
  return true;
}
