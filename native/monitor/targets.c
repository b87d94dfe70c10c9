#define _GNU_SOURCE
#include "targets.h"

#include "../common/make-target.h"
#include "../common/process.h"
#include "../common/weakened.h"
#include "fds.h"

#include <fcntl.h>

int open_target(const char *target, int flags)
{
  uint64_t resolve = STK_RESOLVE_IN_ROOT | STK_RESOLVE_NO_SYMLINKS | STK_RESOLVE_NO_MAGICLINKS;
  if (weakened("targets-in-root")) resolve = 0;
  if (weakened("real-folders")) resolve = STK_RESOLVE_IN_ROOT;
  return stk_openat2(FD_ROOT, target, O_PATH | O_CLOEXEC | flags, 0, resolve);
}

int make_target(const char *target, bool folder)
{
  return make_place_in(FD_ROOT, target, folder);
}
