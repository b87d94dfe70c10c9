#define _GNU_SOURCE
#include "identity.h"

#include "fds.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
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
struct capability_word {
  uint32_t effective, permitted, inheritable;
};

static int checked(long result)
{
  return result < 0 ? -errno : 0;
}

void stay_bound(void)
{
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

bool parent_lives(void)
{
  struct pollfd sync = {.fd = FD_CHILD_SYNC};
  return poll(&sync, 1, 0) >= 0 && (sync.revents & POLLHUP) == 0;
}

int own_keyring(void)
{
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

/* The raw calls: libc's would look for other threads to change as well. */
static int set_ids(uint32_t uid, uint32_t gid)
{
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
  for (int capability = 0; capability < 64; capability++) {
    if (keeps(mask, capability)) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    return errno == EINVAL ? 0 : -errno;
  }
  return 0;
}

/* The wanted ones out of those that the change of ids has left; nothing inheritable, so nothing ambient either. */
static int set_capabilities(uint64_t mask)
{
  struct capability_header header = {.version = CAPABILITY_VERSION_3, .pid = 0};
  struct capability_word words[2];
  int result = checked(syscall(SYS_capget, &header, words));
  if (result < 0) return result;
  for (int n = 0; n < 2; n++) {
    words[n].permitted &= (uint32_t)(mask >> (32 * n));
    words[n].effective = words[n].permitted;
    words[n].inheritable = 0;
  }
  return checked(syscall(SYS_capset, &header, words));
}

bool become(const struct identity *identity, struct trouble *trouble)
{
  int result = drop_bounding_set(identity->capabilities);
  if (result < 0) return trouble_is(trouble, STAGE_CAPABILITIES, 0, result);
  result = set_groups(identity);
  if (result < 0) return trouble_is(trouble, STAGE_GROUPS, 0, result);
  result = set_limits(identity);
  if (result < 0) return trouble_is(trouble, STAGE_RLIMITS, 0, result);
  result = set_ids(identity->uid, identity->gid);
  if (result < 0) return trouble_is(trouble, STAGE_IDS, 0, result);
  result = set_capabilities(identity->capabilities);
  if (result < 0) return trouble_is(trouble, STAGE_CAPABILITIES, 0, result);
  if (identity->no_new_privileges != 0) {
    result = checked(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (result < 0) return trouble_is(trouble, STAGE_CAPABILITIES, 1, result);
  }
  stay_bound();
  return true;
}
