#include "attend.h"

#include "text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_ERROR = 1, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static const char *doing(uint32_t stage)
{
  switch (stage) {
    case STAGE_RECORD: return "the record cannot be read";
    case STAGE_JOIN: return "the container cannot be entered";
    case STAGE_CGROUP: return "its cgroup cannot be entered";
    case STAGE_IDS: return "its user cannot be taken on";
    case STAGE_GROUPS: return "its groups cannot be taken on";
    case STAGE_CAPABILITIES: return "capabilities cannot be given up";
    case STAGE_RLIMITS: return "its limits cannot be set";
    case STAGE_OOM: return "its oom_score_adj cannot be set";
    case STAGE_SECCOMP: return "its seccomp filter cannot be installed";
    case STAGE_STDIO: return "no terminal can be opened in it";
    case STAGE_CWD: return "its working directory cannot be entered";
    case STAGE_SETUP:
    case STAGE_OPEN_PATH:
    case STAGE_MOUNT_SOURCE:
    case STAGE_MOUNT_IDS:
    case STAGE_MOUNT_FLAGS: return "its root cannot be made";
    case STAGE_DIED: return "its process has ended before its time";
    default: return "no process can be made in it";
  }
}

/* Of a container that shares the host's user namespace: in one of its own a process that enters has every capability. */
static const char *needing(const struct trouble *trouble)
{
  if (trouble->error != EPERM) return "";
  if (trouble->stage == STAGE_JOIN) return " (this needs CAP_SYS_ADMIN and CAP_SYS_CHROOT)";
  return trouble->stage == STAGE_CAPABILITIES ? " (this needs CAP_SETPCAP)" : "";
}

static bool is_absent(const struct trouble *trouble)
{
  return trouble->error == ENOENT || trouble->error == ENOTDIR;
}

char *add_trouble(char *at, const char *end, const char *name, const struct trouble *trouble)
{
  if (trouble->stage == STAGE_EXEC) {
    at = add_text(add_text(at, end, *name == '\0' ? "''" : name), end, ": ");
    return add_text(at, end, is_absent(trouble) ? "not found in the container" : strerror((int)trouble->error));
  }
  if (trouble->stage == STAGE_JOIN && trouble->error == ESRCH) return add_text(at, end, "the container is not running");
  at = add_text(at, end, doing(trouble->stage));
  if (trouble->stage == STAGE_DIED) return at;
  return add_text(add_text(add_text(at, end, ": "), end, strerror((int)trouble->error)), end, needing(trouble));
}

int say_trouble(const char *name, const struct trouble *trouble)
{
  char line[512] = "";
  const char *end = line + sizeof line - 1;
  bool exec = trouble->stage == STAGE_EXEC, absent = is_absent(trouble);
  char *at = add_trouble(add_text(line, end, "stack: exec: "), end, name, trouble);
  *at++ = '\n';
  if (write(2, line, (size_t)(at - line)) < 0) return EXIT_ERROR;
  if (exec) return absent ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
  return trouble->stage == STAGE_CWD ? EXIT_NOT_EXECUTABLE : EXIT_ERROR;
}
