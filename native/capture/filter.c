#define _GNU_SOURCE
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* <linux/filter.h> */
struct instruction {
  uint16_t code;
  uint8_t yes, no;
  uint32_t k;
};
struct program {
  uint16_t length;
  struct instruction *code;
};
enum { RETURN = 0x06, MOST_INSTRUCTIONS = 4096 };

static int attach(int fd, struct instruction *code, uint16_t length)
{
  struct program program = {.length = length, .code = code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void keep_only(int fd, uint32_t bytes)
{
  struct instruction code = {.code = RETURN, .k = bytes};
  if (attach(fd, &code, 1) < 0) fail("the capture cannot be set up", errno, NULL);
}

static uint8_t half_byte(char digit)
{
  if (digit >= '0' && digit <= '9') return (uint8_t)(digit - '0');
  if (digit >= 'a' && digit <= 'f') return (uint8_t)(digit - 'a' + 10);
  fail("a filter is not in hexadecimal", EINVAL, NULL);
}

/* How many instructions there were. */
static uint16_t read_program(const char *text, struct instruction *code)
{
  size_t digits = strlen(text), bytes = digits / 2;
  if (digits % (2 * sizeof *code) != 0 || bytes > MOST_INSTRUCTIONS * sizeof *code) fail("a filter is too long, or cut off", EINVAL, NULL);
  uint8_t *to = (uint8_t *)code;
  for (size_t i = 0; i < bytes; i++) to[i] = (uint8_t)(half_byte(text[2 * i]) << 4 | half_byte(text[2 * i + 1]));
  return (uint16_t)(bytes / sizeof *code);
}

static _Noreturn void needs_ethernet(const char *name)
{
  char why[256];
  snprintf(why, sizeof why, "the filter asks for something in Ethernet headers, and %s has none", name);
  fail(why, 0, "a link such as a tunnel hands out packets that begin with IP: leave out ether, broadcast, multicast and vlan");
}

void keep_wanted(int fd, const struct request *request, bool plain)
{
  static struct instruction code[MOST_INSTRUCTIONS];
  const char *text = plain ? request->plain_filter : request->filter;
  if (*text == '\0') return keep_only(fd, request->snaplen);
  if (strcmp(text, "-") == 0) needs_ethernet(request->name);
  if (attach(fd, code, read_program(text, code)) < 0) fail("the kernel does not take this filter", errno, NULL);
}
