#define _GNU_SOURCE
#include "identity.h"

#include "../common/process.h"
#include "../common/weakened.h"
#include "fds.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/capability.h */
#define CAPABILITY_VERSION_3 0x20080522
struct capability_header {
  uint32_t version;
  int32_t pid;
};
#define JOIN_SESSION_KEYRING 1 /* linux/keyctl.h */
#define SET_MODE_FILTER 1      /* linux/seccomp.h */
/* struct sock_filter and sock_fprog, linux/filter.h */
struct instruction {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};
struct program {
  unsigned short len;
  const struct instruction *at;
};
struct capability_word {
  uint32_t effective, permitted, inheritable;
};

static int checked(long result)
{
  return result < 0 ? -errno : 0;
}

void stay_bound(void)
{
  prctl(PR_SET_DUMPABLE, weakened("not-dumpable") ? 1 : 0, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

bool parent_lives(void)
{
  struct pollfd sync = {.fd = FD_CHILD_SYNC};
  return poll(&sync, 1, 0) >= 0 && (sync.revents & POLLHUP) == 0;
}

int own_keyring(void)
{
  if (weakened("session-keyring")) return 0;
  int result = checked(syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL, 0, 0, 0));
  return result == -ENOSYS ? 0 : result;
}

/* The kernel's own structure; libc's rlim_t may be of another size. */
struct kernel_limit {
  uint64_t soft, hard;
};

static int swap_limit(pid_t pid, uint32_t resource, const struct kernel_limit *wanted, struct kernel_limit *had)
{
  return checked(syscall(SYS_prlimit64, pid, resource, wanted, had));
}

int raise_limits(pid_t pid, const struct identity *identity)
{
  const uint8_t *at = identity->limits.at;
  for (uint32_t n = 0; n < identity->limits.count; n++) {
    struct limit limit = next_limit(&at);
    struct kernel_limit now;
    int result = swap_limit(pid, limit.resource, NULL, &now);
    if (result == 0 && limit.hard > now.hard) {
      now.hard = limit.hard;
      result = swap_limit(pid, limit.resource, &now, NULL);
    }
    if (result < 0) return result;
  }
  return 0;
}

static int set_limits(const struct identity *identity)
{
  const uint8_t *at = identity->limits.at;
  for (uint32_t n = 0; n < identity->limits.count; n++) {
    struct limit limit = next_limit(&at);
    struct kernel_limit wanted = {.soft = limit.soft, .hard = limit.hard};
    int result = swap_limit(0, limit.resource, &wanted, NULL);
    if (result < 0) return result;
  }
  return 0;
}

int set_oom_score_adj(pid_t pid, const struct identity *identity)
{
  char path[PROC_PATH_LEN], number[8], *end = number + sizeof number;
  int wanted = identity->oom_score_adj;
  char *at = add_text(number, end, wanted < 0 ? "-" : "");
  at = add_number(at, end, (uint64_t)(wanted < 0 ? -wanted : wanted), 1);
  proc_path(path, pid, "oom_score_adj");
  int fd cleanup_fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return -errno;
  /* Who may not make it less may leave it as it is. */
  char now[8] = {0};
  ssize_t len = read(fd, now, sizeof now - 1);
  if (len == at - number + 1 && memcmp(now, number, (size_t)(at - number)) == 0) return 0;
  return write(fd, number, (size_t)(at - number)) < 0 ? -errno : 0;
}

/* The raw calls: libc's would look for other threads to change as well. To them an id of all ones is "as it is", which is root's. */
static int set_ids(uint32_t uid, uint32_t gid)
{
  if ((uid == UINT32_MAX || gid == UINT32_MAX) && !weakened("no-id")) return -EINVAL;
  int result = checked(syscall(SYS_setresgid, gid, gid, gid));
  return result < 0 ? result : checked(syscall(SYS_setresuid, uid, uid, uid));
}

/* An id that the map does not know is EINVAL; files made by one who has no id could not be stored (EOVERFLOW). */
int become_root(const struct identity *identity)
{
  int result = set_ids(0, 0);
  if (result == -EINVAL) result = set_ids(identity->uid, identity->gid);
  return result;
}

static int set_groups(const struct identity *identity)
{
  uint32_t groups[MAX_GROUPS];
  if (weakened("groups")) return 0;
  const uint8_t *at = identity->groups.at;
  for (uint32_t n = 0; n < identity->groups.count; n++) groups[n] = next_u32(&at);
  return checked(syscall(SYS_setgroups, (size_t)identity->groups.count, groups));
}

static bool keeps(uint64_t mask, int capability)
{
  return ((mask >> capability) & 1) != 0;
}

/* capabilities(7): the kernel says EINVAL behind the last one it knows. */
static int drop_bounding_set(uint64_t mask)
{
  if (weakened("bounding-set")) return 0;
  for (int capability = 0; capability < 64; capability++) {
    if (keeps(mask, capability)) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    return errno == EINVAL ? 0 : -errno;
  }
  return 0;
}

/* A process without no_new_privs may install a filter only while it has this. seccomp(2) */
static bool must_keep_admin(const struct identity *identity)
{
  return identity->filter.count > 0 && identity->no_new_privileges == 0;
}

#define ADMIN ((uint64_t)1 << 21) /* CAP_SYS_ADMIN, linux/capability.h */

static struct capability_header own_capabilities(void)
{
  return (struct capability_header){.version = CAPABILITY_VERSION_3, .pid = 0};
}

static int read_capabilities(struct capability_word words[2])
{
  struct capability_header header = own_capabilities();
  return checked(syscall(SYS_capget, &header, words));
}

/* The wanted ones out of those that are had; nothing inheritable, so nothing ambient either. */
static int keep_capabilities(struct capability_word words[2], uint64_t mask)
{
  struct capability_header header = own_capabilities();
  for (int n = 0; n < 2; n++) {
    words[n].permitted &= (uint32_t)(mask >> (32 * n));
    words[n].effective = words[n].permitted;
    words[n].inheritable = 0;
  }
  return checked(syscall(SYS_capset, &header, words));
}

int install_filter(const struct identity *identity)
{
  struct instruction filter[MAX_FILTER];
  struct capability_word words[2];
  const struct program program = {.len = (unsigned short)identity->filter.count, .at = filter};
  if (identity->filter.count == 0) return 0;
  /* Nothing in a record is aligned. */
  memcpy(filter, identity->filter.at, identity->filter.count * sizeof filter[0]);
  /* Before, as the filter need let nothing through but the call that gives them up. */
  int result = read_capabilities(words);
  if (result < 0) return result;
  result = checked(syscall(SYS_seccomp, SET_MODE_FILTER, identity->filter_flags, &program));
  return result < 0 || !must_keep_admin(identity) ? result : keep_capabilities(words, identity->capabilities);
}

_Noreturn void end_confined(int status)
{
  syscall(SYS_exit_group, status);
  __builtin_trap();
}

bool become(const struct identity *identity, struct trouble *trouble)
{
  int result = drop_bounding_set(identity->capabilities);
  if (result < 0) return trouble_is(trouble, STAGE_CAPABILITIES, 0, result);
  result = set_groups(identity);
  if (result < 0) return trouble_is(trouble, STAGE_GROUPS, 0, result);
  result = set_limits(identity);
  if (result < 0) return trouble_is(trouble, STAGE_RLIMITS, 0, result);
  if (must_keep_admin(identity)) prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  result = set_ids(identity->uid, identity->gid);
  if (result < 0) return trouble_is(trouble, STAGE_IDS, 0, result);
  struct capability_word words[2];
  result = read_capabilities(words);
  if (result == 0) result = keep_capabilities(words, identity->capabilities | (must_keep_admin(identity) ? ADMIN : 0));
  if (result < 0) return trouble_is(trouble, STAGE_CAPABILITIES, 0, result);
  if (identity->no_new_privileges != 0) {
    result = checked(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (result < 0) return trouble_is(trouble, STAGE_CAPABILITIES, 1, result);
  }
  stay_bound();
  return true;
}
