/*
 * In the build for tests (STK_FAULTS) one protection is left out, which a file names: so a test shows that it would see it missing.
 * In any other build nothing is left of this. docs/security.md
 */
#ifndef STACK_WEAKENED_H
#define STACK_WEAKENED_H

#include <stdbool.h>

#ifdef STK_FAULTS

/* Whether the file names this one. It is read once, by the first call: before a process leaves the host's mounts. */
bool weakened(const char *protection);

#else

static inline bool weakened(const char *protection)
{
  (void)protection;
  return false;
}

#endif
#endif
