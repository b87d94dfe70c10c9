#define _GNU_SOURCE
#include "stack.h"

#include <signal.h>

int start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(thread, NULL, run, arg);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return -error;
}
