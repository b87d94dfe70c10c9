#define _GNU_SOURCE
#include "run.h"

#include "../common/process.h"
#include "child.h"
#include "faults.h"
#include "fds.h"
#include "identity.h"
#include "log.h"
#include "mounts.h"
#include "paths.h"
#include "record.h"
#include "setup.h"
#include "spaces.h"
#include "status.h"
#include "text.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* The child's cgroups, opened with the monitor's rights; that of cgroup2 comes last. */
static bool open_cgroups(const struct run_record *record, struct trouble *trouble)
{
  const uint8_t *at = record->cgroups1.at;
  uint32_t n = 0;
  for (; n < record->cgroups1.count; n++) {
    int fd = fd_place(cgroup_open(next_text(&at).at, "tasks"), FD_TASKS + (int)n);
    if (fd < 0) return trouble_is(trouble, STAGE_CGROUP, n, fd);
  }
  if (record->cgroup2.len == 0) return true;
  int fd = enters_cgroup2(record) ? fd_place(cgroup_open(record->cgroup2.at, "cgroup.procs"), FD_TASKS + (int)n)
                                  : fd_place(checked(open(record->cgroup2.at, O_PATH | O_DIRECTORY | O_CLOEXEC)), FD_CGROUP2);
  return fd >= 0 || trouble_is(trouble, STAGE_CGROUP, n, fd);
}

static bool has_sysctls(const struct run_record *record)
{
  const uint8_t *at = record->setup.at;
  for (uint32_t n = 0; n < record->setup.count; n++)
    if (next_setup(&at).op == OP_SYSCTL) return true;
  return false;
}

/* The host's procfs, opened where no container has a say; a sysctl's file is the one of its reader's namespaces. */
static bool open_procfs(const struct run_record *record, struct trouble *trouble)
{
  if (!has_sysctls(record)) return true;
  int fd = fd_place(checked(open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)), FD_PROC);
  return fd >= 0 || trouble_is(trouble, STAGE_OPEN_PATH, UINT32_MAX, fd);
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

static bool open_own_program(const struct run_record *record, struct trouble *trouble)
{
  if (record->init != INIT_REAPER) return true;
  int fd = fd_place(checked(open("/proc/self/exe", O_PATH | O_CLOEXEC)), FD_PROGRAM);
  return fd >= 0 || trouble_is(trouble, STAGE_OPEN_PATH, UINT32_MAX, fd);
}

static bool open_socket(struct trouble *trouble)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return trouble_is(trouble, STAGE_PIPE, 0, errno);
  /* The first is the lowest free number, so below FD_CHILD_SYNC: it is not lost by placing the second. */
  int second = fd_place(ends[1], FD_CHILD_SYNC);
  int first = fd_place(ends[0], FD_SYNC);
  return (first >= 0 && second >= 0) || trouble_is(trouble, STAGE_PIPE, 0, first < 0 ? first : second);
}

static bool write_map(pid_t pid, const char *file, const struct text *map, uint32_t stage, struct trouble *trouble)
{
  char path[PROC_PATH_LEN];
  if (map->len == 0) return true;
  proc_path(path, pid, file);
  int fd cleanup_fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, map->at, map->len) < 0) return trouble_is(trouble, stage, 0, errno);
  fault_point();
  return true;
}

/* The numbers under which these are found from outside. */
static bool hold_spaces(const struct run_record *record, pid_t pid, struct trouble *trouble)
{
  static const struct {
    enum space space;
    int fd;
  } held[] = {{SPACE_NET, FD_NET}, {SPACE_UTS, FD_UTS}, {SPACE_IPC, FD_IPC}, {SPACE_USER, FD_USER}};
  for (size_t n = 0; n < sizeof held / sizeof held[0]; n++) {
    if (space_mode(record, held[n].space) == SPACE_HOST) continue;
    char path[PROC_PATH_LEN];
    space_path(path, pid, held[n].space);
    int fd = fd_place(checked(open(path, O_RDONLY | O_CLOEXEC)), held[n].fd);
    if (fd < 0) return trouble_is(trouble, STAGE_HOLD, held[n].space, fd);
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

static bool begin(const struct run_record *record, struct trouble *trouble)
{
  int result = own_session();
  if (result < 0) return trouble_is(trouble, STAGE_SESSION, 0, result);
  fault_point();
  return enter_own_cgroups(record, trouble) && run_prepare(&record->prepare, trouble) &&
         open_cgroups(record, trouble) && delegate_cgroup(record, trouble) && open_spaces(record, trouble) && open_procfs(record, trouble) &&
         open_own_program(record, trouble) && open_socket(trouble);
}

/* Of a process that nobody has told us of: it waits at the socket, and ends with it. */
static void await_unknown(void)
{
  close(FD_SYNC);
  while (wait(NULL) > 0 || errno == EINTR) continue;
}

/*
 * The joiner ends as soon as it has said which process it has made, and what it has said is there then. One that was killed before may
 * have made a process all the same, which holds the other end of the socket: nothing would ever come.
 */
static bool await_birth(pid_t *pid, struct trouble *trouble)
{
  struct pollfd sync = {.fd = FD_SYNC, .events = POLLIN};
  uint32_t born = 0;
  int none[MESSAGE_FDS], status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) continue;
  *pid = 0;
  if (poll(&sync, 1, 0) <= 0 || (sync.revents & POLLIN) == 0) {
    await_unknown();
    return trouble_is(trouble, STAGE_DIED, 0, status);
  }
  if (!message_await(FD_SYNC, KIND_BORN, none, &born, trouble)) return false;
  *pid = (pid_t)born;
  return true;
}

/* Its maps, limits and everything that is opened outside, while the child settles; then it is parked. */
static bool raise_child(const struct run_record *record, pid_t *pid, struct trouble *trouble)
{
  bool joiner = false;
  *pid = make_child(record, run_child, &joiner, trouble);
  if (*pid == 0) return false;
  fault_point();
  close(FD_CHILD_SYNC);
  close(FD_GO);
  stk_close_range(FD_CHILD, ~0U, 0);
  if (joiner && !await_birth(pid, trouble)) return false;
  fault_point();
  if (!write_map(*pid, "uid_map", &record->uid_map, STAGE_UID_MAP, trouble)) return false;
  if (!write_map(*pid, "gid_map", &record->gid_map, STAGE_GID_MAP, trouble)) return false;
  message_send(FD_SYNC, KIND_MAPPED, 0, 0, 0);
  fault_point();
  if (!send_paths(record, *pid, trouble) || !send_mounts(record, *pid, trouble)) return false;
  fault_point();
  int result = fd_place(stk_pidfd_of(*pid), FD_CHILD);
  if (result < 0) return trouble_is(trouble, STAGE_CLONE, 0, result);
  result = raise_limits(*pid, &record->identity);
  if (result < 0) return trouble_is(trouble, STAGE_RLIMITS, 0, result);
  result = set_oom_score_adj(*pid, &record->identity);
  if (result < 0) return trouble_is(trouble, STAGE_OOM, 0, result);
  fault_point();
  return hold_spaces(record, *pid, trouble) && open_run_folder(record, trouble);
}

static bool take_output(struct trouble *trouble)
{
  int ends[MESSAGE_FDS];
  if (!message_await(FD_SYNC, KIND_READY, ends, NULL, trouble)) return false;
  int out = fd_place(ends[0], FD_OUT), err = fd_place(ends[1], FD_ERR);
  if (out < 0 || err < 0) return trouble_is(trouble, STAGE_PIPE, 0, out < 0 ? out : err);
  if (fcntl(FD_OUT, F_SETFL, O_NONBLOCK) < 0 || fcntl(FD_ERR, F_SETFL, O_NONBLOCK) < 0) return trouble_is(trouble, STAGE_PIPE, 0, errno);
  return true;
}

/* A child that is no more makes other things fail here: what it has said itself, or how it ended, is the reason. */
static void find_reason(bool died, int status, struct trouble *trouble)
{
  struct pollfd sync = {.fd = FD_SYNC, .events = POLLIN};
  struct trouble reason = {.told = false};
  int none[MESSAGE_FDS];
  if (trouble->told) return;
  while (poll(&sync, 1, 0) > 0 && message_await(FD_SYNC, KIND_READY, none, NULL, &reason)) continue;
  if (reason.told) *trouble = reason;
  else if (died) *trouble = (struct trouble){.stage = STAGE_DIED, .error = (uint32_t)status};
}

/* Nothing of it is left when the caller hears of it. */
static _Noreturn void give_up(pid_t pid, struct trouble *trouble)
{
  int status = 0;
  if (pid > 0) {
    bool died = waitpid(pid, &status, WNOHANG) == pid;
    if (!died) {
      kill(pid, SIGKILL);
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    }
    find_reason(died || trouble->stage == STAGE_DIED, status, trouble);
  }
  message_send_failure(FD_STATUS, trouble);
  _exit(1);
}

_Noreturn void run_monitor(uint8_t *bytes, size_t len)
{
  struct run_record record;
  struct trouble trouble;
  pid_t pid = 0;
  faults_open();
  faults_begin("monitor");
  if (!record_read_run(bytes, len, &record)) {
    trouble_is(&trouble, STAGE_RECORD, 0, EINVAL);
    give_up(0, &trouble);
  }
  if (!begin(&record, &trouble) || !raise_child(&record, &pid, &trouble) || !take_output(&trouble)) give_up(pid, &trouble);
  bool checked = record.checked != 0;
  munmap(bytes, len);
  fault_point();
  message_send(FD_STATUS, KIND_PARKED, (uint32_t)pid, 0, 0);
  fault_point();
  watch(pid, checked);
}
