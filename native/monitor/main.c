/*
 * stack-monitor: starts one container and stays as its monitor, or joins one (native/README.md). Started by libstack alone, with the
 * launch record in descriptor 3.
 */
#define _GNU_SOURCE
#include "exec.h"
#include "fds.h"
#include "init.h"
#include "record.h"
#include "run.h"
#include "status.h"

#include "../common/process.h"
#include "../common/weakened.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAX (16 * 1024 * 1024)

/* The record where it lies, private and read only; NULL where descriptor 3 is none. */
static uint8_t *map_record(size_t *len)
{
  struct stat status;
  if (fstat(FD_RECORD, &status) < 0 || !S_ISREG(status.st_mode)) return NULL;
  if (status.st_size <= 0 || status.st_size > RECORD_MAX) return NULL;
  *len = (size_t)status.st_size;
  uint8_t *bytes = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, FD_RECORD, 0);
  close(FD_RECORD);
  return bytes == MAP_FAILED ? NULL : bytes;
}

int main(int argc, char *argv[], char *env[])
{
  if (argc >= 2 && strcmp(argv[0], INIT_TITLE) == 0) run_init(argv + 1, env);
  size_t len = 0;
  uint8_t *bytes = map_record(&len);
  int mode = bytes == NULL ? -1 : record_mode(bytes, len);
  if (!weakened("descriptors")) stk_close_range(FD_GIVEN_END, ~0U, 0);
  if (mode == MODE_RUN) run_monitor(bytes, len);
  if (mode == MODE_EXEC) return run_exec(bytes, len);
  message_send(FD_STATUS, KIND_FAILED, STAGE_RECORD, 0, EINVAL);
  return 1;
}
