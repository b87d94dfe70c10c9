#define _GNU_SOURCE
#include "../common/process.h"
#include "capture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

_Noreturn void fail(const char *what, int error, const char *hint)
{
  if (error == 0) fprintf(stderr, "error: %s\n", what);
  else fprintf(stderr, "error: %s: %s\n", what, strerror(error));
  if (hint != NULL) fprintf(stderr, "  hint: %s\n", hint);
  exit(1);
}

/* The first signal that has asked for an end, and a descriptor that can then be read. A second one does not wait for whoever reads. */
static volatile sig_atomic_t asked;
static int asked_fd;

static void on_signal(int number)
{
  int kept = errno;
  if (asked != 0) _exit(128 + number);
  asked = number;
  if (eventfd_write(asked_fd, 1) < 0) _exit(128 + number);
  errno = kept;
}

static void hear_signals(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = on_signal};
  asked_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (asked_fd < 0) fail("eventfd", errno, NULL);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
  signal(SIGPIPE, SIG_IGN);
}

static int64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * (int64_t)1000 + time.tv_nsec / 1000000;
}

struct capture {
  const struct request *request;
  struct ring ring;
  struct writer writer;
  uint64_t packets;
};

static bool take(const struct packet *packet, void *arg)
{
  struct capture *capture = arg;
  write_packet(&capture->writer, packet);
  capture->packets++;
  return capture->request->count == 0 || capture->packets < capture->request->count;
}

enum ending { GOES_ON, ENOUGH, GONE, UNREAD };

/* What is there goes out at once: whoever reads sees it as it comes. */
static enum ending hand_over(struct capture *capture)
{
  bool more = drain_ring(&capture->ring, take, capture);
  if (!flush_writer(&capture->writer)) return UNREAD;
  return more ? GOES_ON : ENOUGH;
}

/* Milliseconds to wait for something to happen at the most: nothing tells of the end of a link that was set down before. */
enum { LONG = 1000, SHORT = 100 };

/* The container that it is in is started anew, or is no more. */
static enum ending follow(struct capture *capture, int *holder)
{
  close(*holder);
  *holder = next_holder(capture->request);
  return *holder < 0 ? GONE : GOES_ON;
}

/* Until something asks for an end. `deadline` 0: none. */
static enum ending run(struct capture *capture, int *holder, int64_t deadline)
{
  enum { LINK, READER, HOLDER, SIGNAL, WAITS };
  enum ending ending = GOES_ON;
  int64_t patience = LONG;
  while (ending == GOES_ON) {
    int64_t left = deadline == 0 ? patience : deadline - now();
    if (left <= 0) return ENOUGH;
    struct pollfd waits[WAITS] = {
        [LINK] = {.fd = capture->ring.fd, .events = POLLIN},
        [READER] = {.fd = capture->writer.fd},
        [HOLDER] = {.fd = *holder, .events = POLLIN},
        [SIGNAL] = {.fd = asked_fd, .events = POLLIN},
    };
    if (poll(waits, WAITS, (int)(left < patience ? left : patience)) < 0 && errno != EINTR) fail("poll", errno, NULL);
    ending = hand_over(capture);
    if (ending != GOES_ON) return ending;
    if (asked != 0) return ENOUGH;
    if ((waits[READER].revents & (POLLERR | POLLHUP)) != 0) return UNREAD;
    if ((waits[LINK].revents & POLLERR) != 0) clear_error(&capture->ring), patience = SHORT;
    if (link_is_gone(&capture->ring)) return GONE;
    if ((waits[HOLDER].revents & POLLIN) != 0) ending = follow(capture, holder);
  }
  return ending;
}

/* What came until now is still in the kernel's hands, as long as a block is not full. */
static void take_rest(struct capture *capture)
{
  stop_ring(&capture->ring);
  for (int64_t until = now() + 3 * RING_PATIENCE; now() < until;) {
    if (hand_over(capture) != GOES_ON) return;
    poll(NULL, 0, RING_PATIENCE / 5);
  }
}

static uint64_t number(const char *text)
{
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0') fail(text, EINVAL, NULL);
  return value;
}

static struct request parse(int argc, char **argv)
{
  if (argc != 12) fail("stack-capture NAME INDEX NAMESPACE PID START-TIME FILE COUNT SNAPLEN MILLISECONDS FILTER PLAIN-FILTER", 0, NULL);
  return (struct request){
      .name = argv[1],
      .index = (int)number(argv[2]),
      .namespace = argv[3],
      .holder = (pid_t)number(argv[4]),
      .start_time = argv[5],
      .file = argv[6],
      .count = number(argv[7]),
      .snaplen = (uint32_t)number(argv[8]),
      .milliseconds = (int64_t)number(argv[9]),
      .filter = argv[10],
      .plain_filter = argv[11],
  };
}

/* A capture that has no end of its own has done all that was asked when somebody ends it. */
static int status_of(const struct request *request)
{
  return asked == 0 || (request->count == 0 && request->milliseconds == 0) ? 0 : 128 + asked;
}

int main(int argc, char **argv)
{
  struct request request = parse(argc, argv);
  static struct capture capture;
  capture.request = &request;
  hear_signals();
  int holder = enter_place(&request);
  open_ring(&capture.ring, &request);
  open_writer(&capture.writer, &request, &capture.ring);
  fprintf(stderr, "%s: capturing\n", request.name);
  enum ending ending = run(&capture, &holder, request.milliseconds == 0 ? 0 : now() + request.milliseconds);
  if (ending == UNREAD) return 0;
  if (request.count == 0 || capture.packets < request.count) take_rest(&capture);
  if (capture.writer.closed) return 0;
  fprintf(stderr, "%llu packets captured, %u dropped by kernel\n", (unsigned long long)capture.packets, dropped_packets(&capture.ring));
  if (ending == GONE) fail("the link is gone", 0, "what came before is written; `stack show` says what is live");
  return status_of(&request);
}
