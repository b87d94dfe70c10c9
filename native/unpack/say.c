#define _GNU_SOURCE
#include "unpack.h"

#include "../common/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * `o PATH` an opaque folder of a layer; at the end `e N` entries, `b N` bytes of files, `d N` devices that were left out; or in
 * place of the end `f CODE ERRNO PATH`.
 */
static void say_bytes(const char *text, size_t len)
{
  /* Nobody listens any more: then there is nobody to unpack for. */
  if (stk_write_all(1, text, len) < 0) _Exit(1);
}

void say(char kind, const char *text)
{
  const char head[2] = {kind, ' '};
  say_bytes(head, sizeof head);
  say_bytes(text, strlen(text) + 1);
}

void say_number(char kind, uint64_t number)
{
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  say(kind, text);
}

_Noreturn void fail(const char *code, int error, const char *path)
{
  char text[64];
  snprintf(text, sizeof text, "f %s %d ", code, error);
  say_bytes(text, strlen(text));
  say_bytes(path, strlen(path) + 1);
  _Exit(1);
}
