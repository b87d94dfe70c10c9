#define _GNU_SOURCE
#include "rootless.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define SOCKET 3
#define CONNECT_S 10

/* What the command hears (src/kernel/dial.ts, lib/dial.c): 0 with a descriptor, or -errno and words for what has none. */
struct answer {
  int32_t result;
  char words[124];
};

/* Of several addresses the first that takes it; one that says nothing is not waited for for long. */
static int connected(const struct addrinfo *one)
{
  int result = -EHOSTUNREACH;
  const struct timeval patience = {.tv_sec = CONNECT_S};
  for (; one != NULL; one = one->ai_next) {
    int fd cleanup_fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (fd < 0) continue;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, one->ai_addr, one->ai_addrlen) == 0) return steal_fd(&fd);
    result = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
  }
  return result;
}

static int dial(const char *host, const char *port, struct answer *answer)
{
  struct addrinfo *found = NULL;
  const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
  int error = getaddrinfo(host, port, &wanted, &found);
  if (error != 0) {
    strncpy(answer->words, gai_strerror(error), sizeof answer->words - 1);
    return -ENOENT;
  }
  int fd = connected(found);
  freeaddrinfo(found);
  return fd;
}

static void reply(const struct answer *answer, int fd)
{
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } room = {.bytes = {0}};
  struct iovec part = {.iov_base = (void *)(uintptr_t)answer, .iov_len = sizeof *answer};
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    header.msg_control = room.bytes;
    header.msg_controllen = sizeof room.bytes;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  sendmsg(SOCKET, &header, MSG_NOSIGNAL);
}

/* `HOST PORT`, each ended by NUL, until the command is no more. Nothing else of it is open here: neither its terminal nor its locks. */
static _Noreturn void serve(int end)
{
  char request[512];
  sigset_t all;
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
  if (end != SOCKET) dup2(end, SOCKET);
  stk_close_range(SOCKET + 1, ~0U, 0);
  prctl(PR_SET_NAME, "stack-dialer");
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (;;) {
    ssize_t got = recv(SOCKET, request, sizeof request - 1, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) _exit(0);
    request[got] = '\0';
    const char *port = request + strlen(request) + 1;
    struct answer answer = {.result = -EINVAL};
    int fd cleanup_fd = port < request + got ? dial(request, port, &answer) : -EINVAL;
    answer.result = fd < 0 ? fd : 0;
    reply(&answer, fd);
  }
}

int begin_dialer(void)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
  pid_t pid = fork();
  if (pid == 0) serve(ends[1]);
  close(ends[1]);
  if (pid > 0) return ends[0];
  close(ends[0]);
  return -errno;
}
