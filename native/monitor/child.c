#define _GNU_SOURCE
#include "child.h"

#include "../common/process.h"
#include "../common/weakened.h"
#include "faults.h"
#include "fds.h"
#include "identity.h"
#include "mounts.h"
#include "paths.h"
#include "setup.h"
#include "spaces.h"
#include "status.h"
#include "streams.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static int checked(long result)
{
  return result < 0 ? -errno : 0;
}

/* First of all, so that whatever it uses is counted where it belongs. */
static bool enter_cgroups(const struct run_record *record, struct trouble *trouble)
{
  int count = (int)record->cgroups1.count + (enters_cgroup2(record) ? 1 : 0);
  for (int n = 0; n < count; n++) {
    int result = cgroup_enter(FD_TASKS + n);
    if (result < 0) return trouble_is(trouble, STAGE_CGROUP, (uint32_t)n, result);
    close(FD_TASKS + n);
    fault_point();
  }
  return true;
}

/* Nothing that is mounted here shows on the host, nor the other way round. */
static bool own_spaces(const struct run_record *record, struct trouble *trouble)
{
  if (space_mode(record, SPACE_MOUNT) == SPACE_NEW && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return trouble_is(trouble, STAGE_CLONE, SPACE_MOUNT, errno);
  if (space_mode(record, SPACE_CGROUP) == SPACE_NEW && unshare(CLONE_NEWCGROUP) < 0)
    return trouble_is(trouble, STAGE_CLONE, SPACE_CGROUP, errno);
  return true;
}

/* `ip link set lo up` */
static int loopback_up(void)
{
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int fd cleanup_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  return checked(ioctl(fd, SIOCSIFFLAGS, &request));
}

/* Until it is parked. */
static bool settle(const struct run_record *record, struct trouble *trouble)
{
  const struct identity *identity = &record->identity;
  if (!enter_cgroups(record, trouble)) return false;
  int none[MESSAGE_FDS];
  if (!message_await(FD_CHILD_SYNC, KIND_MAPPED, none, NULL, trouble)) return false;
  if (!take_paths(record, trouble) || !take_mounts(record, trouble)) return false;
  fault_point();
  if (!own_spaces(record, trouble)) return false;
  fault_point();
  int result = space_mode(record, SPACE_USER) == SPACE_HOST ? 0 : become_root(identity);
  if (result < 0) return trouble_is(trouble, STAGE_IDS, 0, result);
  fault_point();
  result = !weakened("session") && setsid() < 0 ? -errno : own_keyring();
  if (result < 0) return trouble_is(trouble, STAGE_SESSION, 1, result);
  fault_point();
  if (space_mode(record, SPACE_NET) == SPACE_NEW) {
    result = loopback_up();
    if (result < 0) return trouble_is(trouble, STAGE_LOOPBACK, 0, result);
    fault_point();
  }
  stay_bound();
  if (!parent_lives()) _exit(0);
  result = make_output(identity);
  fault_point();
  return result == 0 || trouble_is(trouble, STAGE_PIPE, 0, result);
}

static bool own_mounts(const struct run_record *record)
{
  return space_mode(record, SPACE_MOUNT) == SPACE_NEW;
}

/* After "go", up to the exec; comes back only when something has failed. */
static bool start(const struct run_record *record, struct trouble *trouble)
{
  const struct identity *identity = &record->identity;
  if (!run_setup(record, trouble)) return false;
  close_ways_out();
  int result = enter_folder(identity->cwd.at, true);
  if (result < 0) return trouble_is(trouble, STAGE_CWD, 0, result);
  fault_point();
  if (!become(identity, trouble)) return false;
  fault_point();
  if (!parent_lives()) _exit(0);
  result = record->init == INIT_SYSTEM ? take_stdio(FD_TERMINAL, FD_TERMINAL, FD_TERMINAL) : take_stdio(own_mounts(record) ? open_null() : -1, FD_OUT, FD_ERR);
  if (result < 0) return trouble_is(trouble, STAGE_STDIO, 0, result);
  fault_point();
  exec_command(identity, record->init == INIT_REAPER, trouble);
  return false;
}

/* Of a monitor that has been one for a while there is more than what it opens for its child: none of it is the container's. */
static void leave_to_monitor(void)
{
  stk_close_range(FD_RUN, FD_ERR, 0);
  close(FD_USER);
}

/* The end of who says it, without a word, is the child's end. */
static void await_go(const struct run_record *record)
{
  struct trouble ended;
  int none[MESSAGE_FDS];
  char go;
  if (record->again) {
    if (!message_await(FD_CHILD_SYNC, KIND_GO, none, NULL, &ended)) _exit(0);
    return;
  }
  if (stk_read_all(FD_GO, &go, 1) != 1) _exit(0);
  close(FD_GO);
}

_Noreturn void run_child(const struct run_record *record)
{
  struct trouble trouble;
  faults_begin("child");
  stay_bound();
  close(FD_SYNC);
  close(FD_STATUS);
  if (!parent_lives()) _exit(0);
  if (record->restarts == RESTARTS_GIVING) close(FD_KEPT);
  if (record->again) leave_to_monitor();
  if (settle(record, &trouble)) {
    await_go(record);
    fault_point();
    start(record, &trouble);
  }
  message_send_failure(FD_CHILD_SYNC, &trouble);
  end_confined(1);
}
