#define _GNU_SOURCE
#include "log.h"

#include "../common/weakened.h"
#include "console.h"
#include "faults.h"
#include "fds.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h> /* renameat */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The longest piece of a line, and a page. */
#define PIECE_MAX 4096
/* Lines that go with one writev(2). */
#define BATCH 16
#define PREFIX_MAX 48

static struct {
  int fd;
  uint64_t size;
  uint64_t dropped;
} the_log;

/* What has come of a line whose end has not. */
static struct {
  uint32_t held;
  char *bytes;
} pending[2];
static _Alignas(PIECE_MAX) char rooms[2][PIECE_MAX];

static const char *const names[] = {" stdout ", " stderr "};

int log_open(void)
{
  struct stat status;
  int fd = openat(FD_RUN, "log", O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
  fd = fd_place(fd < 0 ? -errno : fd, FD_LOG);
  if (fd < 0) return fd;
  if (fstat(fd, &status) < 0) return -errno;
  if (!S_ISREG(status.st_mode)) return -EINVAL;
  the_log.fd = fd;
  the_log.size = (uint64_t)status.st_size;
  for (int n = 0; n < 2; n++) pending[n].bytes = rooms[n];
  return 0;
}

/* Days since 1970-01-01 as a date of the Gregorian calendar: years begin in March here, so that a leap day comes last. */
static char *add_date(char *at, const char *end, uint64_t days)
{
  uint64_t shifted = days + 719468; /* since 0000-03-01 */
  uint64_t era = shifted / 146097, of_era = shifted % 146097;
  uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint64_t shifted_month = (5 * of_year + 2) / 153;
  uint64_t day = of_year - (153 * shifted_month + 2) / 5 + 1;
  uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  at = add_number(at, end, era * 400 + year_of_era + (month <= 2), 4);
  at = add_number(add_text(at, end, "-"), end, month, 2);
  return add_number(add_text(at, end, "-"), end, day, 2);
}

/* "2026-11-24T03:00:00.123456789Z". The raw call: the vdso costs pages. */
static char *add_time(char *at, const char *end)
{
  struct timespec now = {0};
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  uint64_t seconds = (uint64_t)now.tv_sec;
  at = add_date(at, end, seconds / 86400);
  at = add_number(add_text(at, end, "T"), end, seconds / 3600 % 24, 2);
  at = add_number(add_text(at, end, ":"), end, seconds / 60 % 60, 2);
  at = add_number(add_text(at, end, ":"), end, seconds % 60, 2);
  at = add_number(add_text(at, end, "."), end, (uint64_t)now.tv_nsec, 9);
  return add_text(at, end, "Z");
}

static void rotate(void)
{
  if (renameat(FD_RUN, "log", FD_RUN, "log.1") < 0 && errno != ENOENT) return;
  close(FD_LOG);
  the_log.fd = -1;
}

/* All of it or nothing: a part of a line is taken back. */
static bool append(const struct iovec *parts, int count)
{
  size_t len = 0;
  for (int n = 0; n < count; n++) len += parts[n].iov_len;
  uint64_t most = weakened("log-bound") ? UINT64_MAX : LOG_MAX;
  if (the_log.fd >= 0 && the_log.size + len > most && the_log.size > 0) rotate();
  if (the_log.fd < 0 && log_open() < 0) return false;
  if (the_log.size + len > most) return false;
  ssize_t written = writev(the_log.fd, parts, count);
  if (written == (ssize_t)len) {
    the_log.size += len;
    fault_point();
    return true;
  }
  if (written > 0 && ftruncate(the_log.fd, (off_t)the_log.size) < 0) the_log.size += (size_t)written;
  return false;
}

#define OWN_MAX 256

static bool say(const char *text)
{
  char line[PREFIX_MAX + OWN_MAX] = "";
  const char *end = line + sizeof line - 1;
  char *at = add_text(add_text(add_time(line, end), end, " stderr F stack-monitor: "), end, text);
  *at++ = '\n';
  struct iovec part = {.iov_base = line, .iov_len = (size_t)(at - line)};
  return append(&part, 1);
}

static bool confess(void)
{
  char text[64];
  const char *end = text + sizeof text;
  add_number(add_text(text, end, "lines dropped: "), end, the_log.dropped, 0);
  if (!say(text)) return false;
  the_log.dropped = 0;
  return true;
}

void log_say(const char *text)
{
  if ((the_log.dropped > 0 && !confess()) || !say(text)) the_log.dropped++;
}

static void write_lines(const struct iovec *parts, int count, unsigned lines)
{
  if (the_log.dropped > 0 && !confess()) the_log.dropped += lines;
  else if (!append(parts, count)) the_log.dropped += lines;
}

/* `tag`: " stdout F " and so on, behind the time. */
static size_t make_prefix(char prefix[PREFIX_MAX], enum stream stream, const char *tag)
{
  const char *end = prefix + PREFIX_MAX;
  return (size_t)(add_text(add_text(add_time(prefix, end), end, names[stream]), end, tag) - prefix);
}

/* The beginning of a line without its end. */
static void write_piece(enum stream stream)
{
  char prefix[PREFIX_MAX];
  size_t len = make_prefix(prefix, stream, "P ");
  struct iovec parts[] = {{prefix, len}, {pending[stream].bytes, pending[stream].held}, {(char *)(uintptr_t) "\n", 1}};
  write_lines(parts, 3, 1);
  pending[stream].held = 0;
}

/* All whole lines that are pending; what is left moves to the front. */
static void write_whole_lines(enum stream stream)
{
  char prefix[PREFIX_MAX], *at = pending[stream].bytes, *end = at + pending[stream].held, *newline;
  size_t prefix_len = make_prefix(prefix, stream, "F ");
  struct iovec parts[2 * BATCH];
  unsigned lines = 0;
  while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
    parts[2 * lines] = (struct iovec){prefix, prefix_len};
    parts[2 * lines + 1] = (struct iovec){at, (size_t)(newline + 1 - at)};
    at = newline + 1;
    if (++lines < BATCH) continue;
    write_lines(parts, 2 * BATCH, lines);
    lines = 0;
  }
  if (lines > 0) write_lines(parts, (int)(2 * lines), lines);
  pending[stream].held = (uint32_t)(end - at);
  memmove(pending[stream].bytes, at, (size_t)(end - at));
}

/* Not more than this in one go, so that the other stream, and the child's end, get their turn. */
#define ROUNDS 16

static bool pump(enum stream stream)
{
  int fd = stream == STREAM_OUT ? FD_OUT : FD_ERR;
  for (int round = 0; round < ROUNDS; round++) {
    ssize_t got = read(fd, pending[stream].bytes + pending[stream].held, PIECE_MAX - pending[stream].held);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
      if (pending[stream].held > 0) write_piece(stream);
      return false;
    }
    if (stream == STREAM_OUT) console_show(pending[stream].bytes + pending[stream].held, (size_t)got);
    pending[stream].held += (uint32_t)got;
    write_whole_lines(stream);
    if (pending[stream].held == PIECE_MAX) write_piece(stream);
  }
  return true;
}

/* A command that says nothing costs no memory: a page that holds nothing goes back to the kernel. */
bool log_pump(enum stream stream)
{
  bool open = pump(stream);
  if (pending[stream].held == 0) madvise(rooms[stream], PIECE_MAX, MADV_DONTNEED);
  return open;
}

void log_finish(enum stream stream)
{
  int fd = stream == STREAM_OUT ? FD_OUT : FD_ERR, left = 0;
  /* Others who still write to it are not waited for. */
  for (bool open = true; open && ioctl(fd, FIONREAD, &left) == 0 && left > 0;) open = log_pump(stream);
  if (pending[stream].held > 0) write_piece(stream);
  madvise(rooms[stream], PIECE_MAX, MADV_DONTNEED);
}
