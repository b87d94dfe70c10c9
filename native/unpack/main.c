#define _GNU_SOURCE
#include "unpack.h"

#include "../common/process.h"
#include "../common/weakened.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool is_layer;

/* capabilities(7), linux/capability.h: whole files with their owners, and a layer's marks (trusted.*: SYS_ADMIN). */
#define CAP_BIT(n) (1ULL << (n))
static const uint64_t KEPT = CAP_BIT(0) | CAP_BIT(1) | CAP_BIT(3) | CAP_BIT(4) | CAP_BIT(27) | CAP_BIT(31);
#define SYS_ADMIN CAP_BIT(21)
#define CAPABILITY_VERSION_3 0x20080522

static uint64_t number(const char *text)
{
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9') fail("usage", EINVAL, text);
  return value;
}

/* The folder becomes the root of a mount namespace in which there is nothing else. */
static void enter(const char *folder)
{
  if (unshare(CLONE_NEWNS) < 0) fail("namespace", errno, "unshare");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("namespace", errno, "mount --make-rprivate /");
  if (mount(folder, folder, NULL, MS_BIND, NULL) < 0) fail("namespace", errno, folder);
  if (mount(NULL, folder, NULL, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) fail("namespace", errno, folder);
  if (chdir(folder) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
    fail("namespace", errno, "pivot_root");
  int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (top < 0 || (top != FD_TOP && dup3(top, FD_TOP, O_CLOEXEC) < 0)) fail("namespace", errno, "/");
  stk_close_range(FD_TOP + 1, ~0U, 0);
}

static void give_up_power(void)
{
  uint64_t kept = KEPT | (is_layer ? SYS_ADMIN : 0);
  for (int bit = 0; bit < 64; bit++)
    if ((kept & CAP_BIT(bit)) == 0 && prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) < 0 && errno != EINVAL) fail("capabilities", errno, "");
  struct {
    uint32_t version;
    int32_t pid;
  } header = {.version = CAPABILITY_VERSION_3};
  struct {
    uint32_t effective, permitted, inheritable;
  } sets[2], have[2];
  if (syscall(SYS_capget, &header, have) < 0) fail("capabilities", errno, "");
  for (int half = 0; half < 2; half++) {
    uint32_t mask = (uint32_t)(kept >> (32 * half)) & have[half].permitted;
    sets[half].effective = sets[half].permitted = mask;
    sets[half].inheritable = 0;
  }
  if (syscall(SYS_capset, &header, sets) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("capabilities", errno, "");
}

/* stack-unpack layer|root FOLDER BYTES ENTRIES <archive.tar; stack-unpack within PROGRAM ARGUMENT... */
int main(int argc, char **argv)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (argc > 2 && strcmp(argv[1], "within") == 0) return run_within(argv + 2);
  if (argc != 5) fail("usage", EINVAL, "");
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  /* Its file is read while it can be seen. */
  weakened("");
  is_layer = strcmp(argv[1], "layer") == 0;
  struct bounds bounds = {.bytes = number(argv[3]), .entries = number(argv[4])};
  const struct bounds given = bounds;
  /* Files, headers, and what may stand behind the end. */
  bound_stream(bounds.bytes + bounds.entries * 8 * BLOCK + (64 << 20));
  umask(0);
  enter(argv[2]);
  give_up_power();
  static struct entry entry;
  while (next_entry(&entry)) make_entry(&entry, &bounds);
  drain();
  set_times();
  say_number('e', given.entries - bounds.entries);
  say_number('b', given.bytes - bounds.bytes);
  say_number('d', devices_left_out());
  return 0;
}
