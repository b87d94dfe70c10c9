#define _GNU_SOURCE
#include "command.h"

#include "../common/make-target.h"
#include "../common/process.h"
#include "../common/weakened.h"
#include "fds.h"
#include "identity.h"
#include "init.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* `mkdir -p`, which no link of procfs leads out of the root (CVE-2024-21626). */
static int make_folder(const char *path)
{
  int root cleanup_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int folder cleanup_fd = root < 0 ? -errno : make_target_in(root, path, true);
  if (folder < 0) return folder;
  return fchdir(folder) < 0 ? -errno : 0;
}

/* The kernel's getcwd puts "(unreachable)" before a folder that does not lie below the root. */
static int within_root(void)
{
  char path[PATH_MAX];
  if (weakened("folder-in-root")) return 0;
  long len = syscall(SYS_getcwd, path, sizeof path);
  if (len < 0) return -errno;
  return path[0] == '/' ? 0 : -EXDEV;
}

int enter_folder(const char *path, bool make)
{
  int result = chdir(path) < 0 ? -errno : 0;
  if (result == -ENOENT && make) result = make_folder(path);
  return result < 0 ? result : within_root();
}

int take_stdio(int in, int out, int err)
{
  const int fds[] = {in, out, err};
  for (int n = 0; n < 3; n++)
    if (fds[n] >= 0 && dup2(fds[n], n) < 0) return -errno;
  return 0;
}

/* NULL-ended array of pointers into the record, one place free before them, in pages of its own: they go with the exec. */
static char **pointers(const struct list *list)
{
  size_t size = ((size_t)list->count + 2) * sizeof(char *);
  char **array = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (array == MAP_FAILED) return NULL;
  const uint8_t *at = list->at;
  for (uint32_t n = 0; n < list->count; n++) array[n + 1] = (char *)(uintptr_t)next_text(&at).at;
  return array;
}

static const char *search_path(char *const env[])
{
  for (; *env != NULL; env++)
    if (strncmp(*env, "PATH=", 5) == 0) return *env + 5;
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* One folder of PATH after the other; what was found but may not be run is told before what was not found. */
static int exec_in_path(const char *name, char *const argv[], char *const env[])
{
  int result = -ENOENT;
  for (const char *folder = search_path(env);; folder++) {
    char path[PATH_MAX];
    size_t len = strcspn(folder, ":");
    const char *end = path + sizeof path;
    if (len + strlen(name) + 2 < sizeof path) {
      memcpy(path, folder, len);
      char *at = path + len;
      if (len > 0) *at++ = '/';
      add_text(at, end, name);
      execve(path, argv, env);
      if (errno == EACCES) result = -EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) return -errno;
    }
    folder += len;
    if (*folder == '\0') return result;
  }
}

/* Umask and signals as a command expects them; of the descriptors only 0-2 stay. */
static int ready(void)
{
  sigset_t none;
  int result = weakened("descriptors") ? 0 : stk_close_range(3, ~0U, STK_CLOSE_RANGE_CLOEXEC);
  if (result < 0) return result;
  umask(022);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  return 0;
}

int exec_words(char *const argv[], char *const env[])
{
  if (strchr(argv[0], '/') == NULL) return exec_in_path(argv[0], argv, env);
  return execve(argv[0], argv, env) < 0 ? -errno : 0;
}

/* This program once more, as process 1; it may tell the monitor of a command that it cannot start. */
static int exec_init(char *const argv[], char *const env[])
{
  if (fcntl(FD_CHILD_SYNC, F_SETFD, 0) < 0) return -errno;
  return syscall(SYS_execveat, FD_PROGRAM, "", argv, env, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

void exec_command(const struct identity *identity, bool under_init, struct trouble *trouble)
{
  char **argv = pointers(&identity->argv), **env = pointers(&identity->env);
  int result = argv == NULL || env == NULL ? -ENOMEM : ready();
  if (result == 0 && argv[1][0] == '\0') result = -ENOENT;
  if (result == 0) {
    result = install_filter(identity);
    if (result < 0) {
      trouble_is(trouble, STAGE_SECCOMP, 0, result);
      return;
    }
    argv[0] = (char *)(uintptr_t)INIT_TITLE;
    result = under_init ? exec_init(argv, env + 1) : exec_words(argv + 1, env + 1);
  }
  trouble_is(trouble, STAGE_EXEC, 0, result);
}
