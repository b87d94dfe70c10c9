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

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

/*
 * Made by the container's own root, and then the command's, so that the command may open /dev/stdout again. The monitor gets
 * the ends to read.
 */
static int make_output(const struct identity *identity)
{
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) return -errno;
  if (identity->uid != 0 || identity->gid != 0) {
    if (fchown(out[1], identity->uid, identity->gid) < 0 || fchown(err[1], identity->uid, identity->gid) < 0) return -errno;
  }
  int result = fd_place(out[1], FD_OUT);
  if (result >= 0) result = fd_place(err[1], FD_ERR);
  const int ends[] = {out[0], err[0]};
  if (result >= 0) result = message_send_fds(FD_CHILD_SYNC, KIND_READY, ends, 2);
  close(out[0]);
  close(err[0]);
  return result < 0 ? result : 0;
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

/*
 * The container's own /dev/null for stdin: through a descriptor of the host's, a root that is the host's could change the mode
 * of the host's node. Only in a mount namespace of its own can nothing else stand there; elsewhere -1: stdin stays as given.
 */
static int open_stdin(const struct run_record *record)
{
  struct stat status;
  if (space_mode(record, SPACE_MOUNT) != SPACE_NEW) return -1;
  int fd cleanup_fd = open("/dev/null", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) return -1;
  return fcntl(fd, F_SETFL, 0) < 0 ? -1 : steal_fd(&fd);
}

/* After "go", up to the exec; comes back only when something has failed. */
static bool start(const struct run_record *record, struct trouble *trouble)
{
  const struct identity *identity = &record->identity;
  if (!run_setup(&record->setup, &record->given, trouble)) return false;
  int result = enter_folder(identity->cwd.at, true);
  if (result < 0) return trouble_is(trouble, STAGE_CWD, 0, result);
  fault_point();
  if (!become(identity, trouble)) return false;
  fault_point();
  if (!parent_lives()) _exit(0);
  result = record->init == INIT_SYSTEM ? take_stdio(FD_TERMINAL, FD_TERMINAL, FD_TERMINAL) : take_stdio(open_stdin(record), FD_OUT, FD_ERR);
  if (result < 0) return trouble_is(trouble, STAGE_STDIO, 0, result);
  fault_point();
  exec_command(identity, record->init == INIT_REAPER, trouble);
  return false;
}

_Noreturn void run_child(const struct run_record *record)
{
  struct trouble trouble;
  char go;
  faults_begin("child");
  stay_bound();
  close(FD_SYNC);
  close(FD_STATUS);
  if (!parent_lives()) _exit(0);
  if (settle(record, &trouble)) {
    if (stk_read_all(FD_GO, &go, 1) != 1) _exit(0);
    close(FD_GO);
    fault_point();
    start(record, &trouble);
  }
  message_send_failure(FD_CHILD_SYNC, &trouble);
  _exit(1);
}
