#include "text.h"

#include <string.h>

char *add_text(char *at, const char *end, const char *text)
{
  size_t room = (size_t)(end - at) - 1, len = strlen(text);
  if (len > room) len = room;
  memcpy(at, text, len);
  at[len] = '\0';
  return at + len;
}

char *add_number(char *at, const char *end, uint64_t number, int digits)
{
  char reversed[20], text[21];
  int count = 0;
  do {
    reversed[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (count < digits && count < (int)sizeof reversed) reversed[count++] = '0';
  for (int n = 0; n < count; n++) text[n] = reversed[count - 1 - n];
  text[count] = '\0';
  return add_text(at, end, text);
}

void proc_path(char path[PROC_PATH_LEN], pid_t pid, const char *name)
{
  const char *end = path + PROC_PATH_LEN;
  char *at = add_text(path, end, "/proc/");
  at = add_number(at, end, (uint64_t)pid, 0);
  at = add_text(at, end, "/");
  add_text(at, end, name);
}
