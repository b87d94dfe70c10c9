#include "exec.h"
int run_exec(const uint8_t *bytes, size_t len) { (void)bytes; (void)len; return 1; }
