#define _GNU_SOURCE
#include "../common/process.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* BPF_CGROUP_MAX_PROGS of <linux/bpf-cgroup.h>: no group has more of one sort. */
#define MAX_PROGRAMS 64

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
  long result = syscall(SYS_bpf, command, attr, sizeof *attr);
  return result < 0 ? -errno : (int)result;
}

static int open_group(const char *folder)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

/* The kernel's check of a program gives up (EAGAIN) where a signal waits, be it a Ctrl-C to the whole group: none does. kernel/bpf/verifier.c */
static int load_undisturbed(union bpf_attr *attr)
{
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int result = bpf(BPF_PROG_LOAD, attr);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return result;
}

/* Loads a device program: what it says is checked by the kernel. A descriptor, which the caller closes. bpf(2), BPF_PROG_LOAD */
EXPORT int32_t stk_device_load(const char *name, const uint8_t *code, int32_t len)
{
  union bpf_attr attr;
  if (len < 0 || (size_t)len % sizeof(struct bpf_insn) != 0 || strlen(name) >= BPF_OBJ_NAME_LEN) return -EINVAL;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.expected_attach_type = BPF_CGROUP_DEVICE;
  attr.insns = (uint64_t)(uintptr_t)code;
  attr.insn_cnt = (uint32_t)((size_t)len / sizeof(struct bpf_insn));
  attr.license = (uint64_t)(uintptr_t) "MIT";
  strcpy(attr.prog_name, name);
  return load_undisturbed(&attr);
}

/* Those attached to the group itself; how many, or -errno. */
static int programs_of(int group, uint32_t ids[MAX_PROGRAMS])
{
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.query.target_fd = (uint32_t)group;
  attr.query.attach_type = BPF_CGROUP_DEVICE;
  attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
  attr.query.prog_cnt = MAX_PROGRAMS;
  int result = bpf(BPF_PROG_QUERY, &attr);
  return result < 0 ? result : (int)attr.query.prog_cnt;
}

static int open_by_id(uint32_t id)
{
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_id = id;
  return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int name_of(int program, char name[BPF_OBJ_NAME_LEN])
{
  struct bpf_prog_info info;
  union bpf_attr attr;
  memset(&info, 0, sizeof info);
  memset(&attr, 0, sizeof attr);
  attr.info.bpf_fd = (uint32_t)program;
  attr.info.info = (uint64_t)(uintptr_t)&info;
  attr.info.info_len = sizeof info;
  int result = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
  memcpy(name, info.name, BPF_OBJ_NAME_LEN);
  return result;
}

/* One of the group's whose name begins with the mark; -ENOENT where there is none. Its descriptor. */
static int open_marked(int group, const char *mark, char name[BPF_OBJ_NAME_LEN])
{
  uint32_t ids[MAX_PROGRAMS];
  int count = programs_of(group, ids);
  for (int n = 0; n < count; n++) {
    int program cleanup_fd = open_by_id(ids[n]);
    if (program == -ENOENT) continue;
    if (program < 0) return program;
    int result = name_of(program, name);
    if (result < 0) return result;
    if (strncmp(name, mark, strlen(mark)) == 0) return steal_fd(&program);
  }
  return count < 0 ? count : -ENOENT;
}

/*
 * Attaches a loaded program to a group, beside those of others, who can only forbid more; in the place of one whose name begins with
 * `mark`, with no moment between the two. One of the same name is what is wanted. bpf(2), BPF_PROG_ATTACH
 */
EXPORT int32_t stk_device_attach(const char *folder, int32_t program, const char *name, const char *mark)
{
  char present[BPF_OBJ_NAME_LEN];
  union bpf_attr attr;
  int group cleanup_fd = open_group(folder);
  if (group < 0) return group;
  int marked cleanup_fd = open_marked(group, mark, present);
  if (marked < 0 && marked != -ENOENT) return marked;
  if (marked >= 0 && strncmp(present, name, BPF_OBJ_NAME_LEN) == 0) return 0;
  memset(&attr, 0, sizeof attr);
  attr.target_fd = (uint32_t)group;
  attr.attach_bpf_fd = (uint32_t)program;
  attr.attach_type = BPF_CGROUP_DEVICE;
  attr.attach_flags = BPF_F_ALLOW_MULTI | (marked >= 0 ? BPF_F_REPLACE : 0);
  attr.replace_bpf_fd = marked >= 0 ? (uint32_t)marked : 0;
  return bpf(BPF_PROG_ATTACH, &attr);
}

/* Containers of a stack mostly have one and the same program: its name is asked for once. */
struct known {
  uint32_t id;
  char name[BPF_OBJ_NAME_LEN];
};

static int known_name(struct known *known, uint32_t id)
{
  if (id != 0 && known->id == id) return 0;
  int program cleanup_fd = open_by_id(id);
  if (program < 0) return program;
  known->id = id;
  return name_of(program, known->name);
}

/*
 * What device programs many groups have. `folders`: each ended by NUL. `out`: for each an int32_t count or -errno, then so many names of
 * BPF_OBJ_NAME_LEN bytes. The bytes used, or -ENOBUFS. bpf(2), BPF_PROG_QUERY
 */
EXPORT int32_t stk_device_programs(const uint8_t *folders, int32_t len, uint8_t *out, int32_t out_len)
{
  if (len < 0 || out_len < 0 || (len > 0 && folders[len - 1] != '\0')) return -EINVAL;
  struct known known = {.id = 0};
  size_t used = 0, size = (size_t)out_len;
  for (const char *folder = (const char *)folders, *end = folder + len; folder < end; folder += strlen(folder) + 1) {
    uint32_t ids[MAX_PROGRAMS];
    int group cleanup_fd = open_group(folder);
    int32_t count = group < 0 ? group : programs_of(group, ids), told = 0;
    if (size - used < sizeof told + MAX_PROGRAMS * BPF_OBJ_NAME_LEN) return -ENOBUFS;
    uint8_t *head = out + used;
    used += sizeof told;
    for (int n = 0; n < count; n++) {
      int result = known_name(&known, ids[n]);
      if (result == -ENOENT) continue;
      if (result < 0) return result;
      memcpy(out + used, known.name, BPF_OBJ_NAME_LEN);
      used += BPF_OBJ_NAME_LEN;
      told++;
    }
    if (count < 0) told = count;
    memcpy(head, &told, sizeof told);
  }
  return (int32_t)used;
}
