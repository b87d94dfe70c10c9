#define _GNU_SOURCE
#include "run.h"

#include "../common/process.h"
#include "faults.h"
#include "fds.h"
#include "log.h"
#include "raise.h"
#include "record.h"
#include "setup.h"
#include "spaces.h"
#include "status.h"
#include "text.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int checked(long result)
{
  return result < 0 ? -errno : (int)result;
}

/* Nothing but SIGKILL ends a monitor: no closed terminal, no Ctrl-C. It is born with all blocked; the child unblocks them. */
static int own_session(void)
{
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_NAME, "stack-monitor", 0, 0, 0);
  umask(0);
  if (setsid() < 0 && getsid(0) != getpid()) return -errno;
  return checked(chdir("/"));
}

static bool enter_own_cgroups(const struct run_record *record, struct trouble *trouble)
{
  const uint8_t *at = record->monitor_cgroups1.at;
  for (uint32_t n = 0; n < record->monitor_cgroups1.count; n++) {
    int fd cleanup_fd = cgroup_open(next_text(&at).at, "tasks");
    int result = fd < 0 ? fd : cgroup_enter(fd);
    fault_point();
    if (result < 0) return trouble_is(trouble, STAGE_MONITOR_CGROUP, n, result);
  }
  return true;
}

/* The files by which a group's owner makes groups below it and moves processes among them. cgroups(7), "Cgroup delegation" */
static bool delegate_cgroup(const struct run_record *record, struct trouble *trouble)
{
  static const char *const files[] = {".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"};
  if (record->init != INIT_SYSTEM || record->cgroup2.len == 0) return true;
  int folder cleanup_fd = open(record->cgroup2.at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return trouble_is(trouble, STAGE_CGROUP, record->cgroups1.count, errno);
  for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
    if (fchownat(folder, files[n], record->owner_uid, record->owner_gid, 0) < 0 && errno != ENOENT)
      return trouble_is(trouble, STAGE_CGROUP, record->cgroups1.count, errno);
    fault_point();
  }
  return true;
}

static bool open_run_folder(const struct run_record *record, struct trouble *trouble)
{
  int result = fd_place(checked(open(record->run_dir.at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)), FD_RUN);
  if (result < 0) return trouble_is(trouble, STAGE_RUN_FOLDER, 0, result);
  result = log_open();
  fault_point();
  return result == 0 || trouble_is(trouble, STAGE_LOG, 0, result);
}

/* The numbers under which these are found from outside. */
static bool hold_spaces(const struct run_record *record, pid_t pid, struct trouble *trouble)
{
  static const enum space held[] = {SPACE_NET, SPACE_UTS, SPACE_IPC, SPACE_USER};
  for (size_t n = 0; n < sizeof held / sizeof *held; n++) {
    if (space_mode(record, held[n]) == SPACE_HOST) continue;
    char path[PROC_PATH_LEN];
    space_path(path, pid, held[n]);
    int fd = fd_place(checked(open(path, O_RDONLY | O_CLOEXEC)), space_held(held[n]));
    if (fd < 0) return trouble_is(trouble, STAGE_HOLD, held[n], fd);
    fault_point();
  }
  return true;
}

static bool begin(const struct run_record *record, struct trouble *trouble)
{
  int result = own_session();
  if (result < 0) return trouble_is(trouble, STAGE_SESSION, 0, result);
  fault_point();
  return enter_own_cgroups(record, trouble) && run_prepare(&record->prepare, trouble) &&
         delegate_cgroup(record, trouble) && open_for_child(record, trouble);
}

/* Nothing of it is left when the caller hears of it. */
static _Noreturn void give_up(pid_t pid, struct trouble *trouble)
{
  if (pid > 0) put_down(pid, trouble);
  message_send_failure(FD_STATUS, trouble);
  _exit(1);
}

/* The record's descriptor, for its files; the number that it was given at is another's from here on. */
static void keep_record(bool kept)
{
  if (kept) fd_place(FD_RECORD, FD_KEPT);
  else close(FD_RECORD);
}

_Noreturn void run_monitor(const uint8_t *bytes, size_t len)
{
  struct run_record record;
  struct trouble trouble;
  pid_t pid = 0;
  bool sound = record_read_run(bytes, len, &record);
  keep_record(sound && record.restarts == RESTARTS_GIVING);
  faults_open();
  faults_begin("monitor");
  if (!sound) {
    trouble_is(&trouble, STAGE_RECORD, 0, EINVAL);
    give_up(0, &trouble);
  }
  if (!begin(&record, &trouble) || !raise_child(&record, &pid, &trouble) || !hold_spaces(&record, pid, &trouble) ||
      !open_run_folder(&record, &trouble) || !take_output(&trouble))
    give_up(pid, &trouble);
  struct watching watching = {.checked = record.checked != 0, .restarts = record.restarts != RESTARTS_NOT};
  munmap((void *)(uintptr_t)bytes, len);
  fault_point();
  message_send(FD_STATUS, KIND_PARKED, (uint32_t)pid, 0, 0);
  fault_point();
  watch(pid, watching);
}
