#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* seccomp(2), bpf(2), include/uapi/linux/{seccomp,bpf}.h */
enum { SECCOMP_MODE_FILTER_SET = 1, BPF_PROG_LOAD = 5, BPF_PROG_ATTACH = 8, PROG_CGROUP_DEVICE = 15, ATTACH_CGROUP_DEVICE = 6 };

/* A filter that allows everything: of two instructions, so that one is carried out. */
int try_seccomp(const char *what, struct outcome *outcome)
{
  struct {
    uint16_t code;
    uint8_t yes, no;
    uint32_t value;
  } allow[] = {{0x20, 0, 0, 0}, {0x06, 0, 0, 0x7fff0000}};
  struct {
    uint16_t length;
    void *filter;
  } program = {2, allow};
  (void)what, (void)outcome;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  if (syscall(SYS_seccomp, SECCOMP_MODE_FILTER_SET, 0, &program) < 0) return -errno;
  return getppid() < 0 ? -errno : 0;
}

/* A program that allows every device, loaded and, where a cgroup2 folder is named, attached to a group that goes again. */
int try_device_program(const char *what, struct outcome *outcome)
{
  /* r0 = 1; exit */
  static const uint64_t program[] = {0x00000001000000b7ULL, 0x0000000000000095ULL};
  struct {
    uint32_t type, count;
    uint64_t instructions, license;
    uint8_t rest[104];
  } load = {.type = PROG_CGROUP_DEVICE, .count = 2, .instructions = (uintptr_t)program, .license = (uintptr_t) "MIT"};
  (void)outcome;
  int loaded cleanup_fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
  if (loaded < 0) return -errno;
  if (what[0] == '\0') return 0;
  int group cleanup_fd = temporary_group(what);
  if (group < 0) return group;
  struct {
    uint32_t target, program, type, flags;
  } attach = {(uint32_t)group, (uint32_t)loaded, ATTACH_CGROUP_DEVICE, 0};
  int result = syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) < 0 ? -errno : 0;
  remove_temporary_group();
  return result;
}
