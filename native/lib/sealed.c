#define _GNU_SOURCE
#include "../common/process.h"
#include "../common/weakened.h"
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static int sealable_memfd(const char *name, unsigned flags)
{
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
  /* Kernels before 6.3 know neither of the two flags. */
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return fd < 0 ? -errno : fd;
}

static int seal(int fd)
{
  return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int record_memfd(const uint8_t *record, size_t len)
{
  int fd cleanup_fd = sealable_memfd("stack-record", MFD_NOEXEC_SEAL);
  if (fd < 0) return fd;
  int result = stk_write_all(fd, record, len);
  if (result == 0 && lseek(fd, 0, SEEK_SET) < 0) result = -errno;
  if (result == 0) result = seal(fd);
  return result < 0 ? result : steal_fd(&fd);
}

static int copy_into(int to, int from)
{
  char buffer[65536];
  for (;;) {
    ssize_t n = stk_read_all(from, buffer, sizeof buffer);
    if (n <= 0) return (int)n;
    int result = stk_write_all(to, buffer, (size_t)n);
    if (result < 0) return result;
  }
}

/*
 * The program a container's first process runs until its own exec: a sealed copy in memory, so that nothing in a container,
 * whatever its ids are, can write to the file on disk through /proc/1/exe. Where the kernel forbids executable memory
 * (vm.memfd_noexec=2) it is the file itself, opened for reading.
 */
int open_program(const char *path)
{
  int file cleanup_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int copy cleanup_fd = sealable_memfd("stack-monitor", MFD_EXEC);
  if (copy == -EACCES || weakened("sealed-program")) return steal_fd(&file);
  if (copy < 0) return copy;
  int result = copy_into(copy, file);
  if (result == 0 && fchmod(copy, 0555) < 0) result = -errno;
  if (result == 0) result = seal(copy);
  return result < 0 ? result : steal_fd(&copy);
}

int program_fd(const char *path)
{
  static int kept = -1;
  static char kept_path[4096];
  if (kept >= 0 && strcmp(kept_path, path) == 0) return kept;
  if (strlen(path) >= sizeof kept_path) return -ENAMETOOLONG;
  int fd = open_program(path);
  if (fd < 0) return fd;
  if (kept >= 0) close(kept);
  strcpy(kept_path, path);
  return kept = fd;
}
