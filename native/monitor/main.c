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
#include <unistd.h>

int main(int argc, char *argv[], char *env[])
{
  if (argc >= 2 && strcmp(argv[0], INIT_TITLE) == 0) run_init(argv + 1, env);
  size_t len = 0;
  const uint8_t *bytes = record_map(FD_RECORD, &len);
  int mode = bytes == NULL ? -1 : record_mode(bytes, len);
  if (!weakened("descriptors")) stk_close_range(FD_GIVEN_END, ~0U, 0);
  if (mode == MODE_RUN) run_monitor(bytes, len);
  close(FD_RECORD);
  if (mode == MODE_EXEC) return run_exec(bytes, len);
  message_send(FD_STATUS, KIND_FAILED, STAGE_RECORD, 0, EINVAL);
  return 1;
}
