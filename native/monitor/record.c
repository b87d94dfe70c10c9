#include "record.h"

#include <string.h>

/* Where reading stands. Once something was not there, `bad` stays and everything else reads as nothing. */
struct cursor {
  const uint8_t *at, *end;
  bool bad;
};

static bool has(struct cursor *c, size_t len)
{
  if ((size_t)(c->end - c->at) < len) c->bad = true;
  return !c->bad;
}

static uint32_t take_u32(struct cursor *c)
{
  return has(c, 4) ? next_u32(&c->at) : 0;
}

static uint64_t take_u64(struct cursor *c)
{
  return has(c, 8) ? next_u64(&c->at) : 0;
}

static struct text take_text(struct cursor *c)
{
  static const struct text nothing = {"", 0};
  if (!has(c, 4)) return nothing;
  const uint8_t *start = c->at;
  uint32_t len = take_u32(c);
  if (!has(c, (size_t)len + 1)) return nothing;
  if (c->at[len] != '\0' || memchr(c->at, '\0', len) != NULL) {
    c->bad = true;
    return nothing;
  }
  c->at = start;
  return next_text(&c->at);
}

static void require(struct cursor *c, bool truth)
{
  if (!truth) c->bad = true;
}

typedef void item_check(struct cursor *c);

static void check_u32(struct cursor *c)
{
  take_u32(c);
}

static void check_text(struct cursor *c)
{
  take_text(c);
}

static void check_path(struct cursor *c)
{
  require(c, take_text(c).at[0] == '/');
}

static void check_prepare(struct cursor *c)
{
  check_path(c);
  for (int n = 0; n < 3; n++) take_u32(c);
  take_text(c);
  require(c, take_u32(c) <= 1);
}

static void check_setup(struct cursor *c)
{
  uint32_t op = take_u32(c);
  require(c, op >= OP_MOUNT_ROOT && op <= OP_LAST);
  for (int n = 0; n < 3; n++) take_text(c);
  take_u32(c);
  take_text(c);
}

static void check_mount(struct cursor *c)
{
  check_path(c);
  for (int n = 0; n < 3; n++) take_u32(c);
}

static void check_given(struct cursor *c)
{
  for (int n = 0; n < 4; n++) take_u32(c);
  uint32_t len = take_u32(c);
  if (has(c, len)) c->at += len;
}

static void check_limit(struct cursor *c)
{
  take_u32(c);
  take_u64(c);
  take_u64(c);
}

static void check_u64(struct cursor *c)
{
  take_u64(c);
}

static struct list take_list(struct cursor *c, item_check *check, uint32_t max)
{
  struct list list = {.count = take_u32(c)};
  list.at = c->at;
  require(c, list.count <= max);
  for (uint32_t n = 0; n < list.count && !c->bad; n++) check(c);
  return list;
}

static struct text take_space(struct cursor *c)
{
  struct text space = take_text(c);
  require(c, text_is(space, "new") || text_is(space, "host") || space.at[0] == '/');
  return space;
}

static void take_identity(struct cursor *c, struct identity *i)
{
  i->uid = take_u32(c);
  i->gid = take_u32(c);
  i->groups = take_list(c, check_u32, MAX_GROUPS);
  i->capabilities = take_u64(c);
  i->no_new_privileges = take_u32(c);
  i->limits = take_list(c, check_limit, 32);
  i->oom_score_adj = (int32_t)take_u32(c);
  require(c, i->oom_score_adj >= -1000 && i->oom_score_adj <= 1000);
  i->filter_flags = take_u32(c);
  i->filter = take_list(c, check_u64, MAX_FILTER);
  i->cwd = take_text(c);
  require(c, i->cwd.at[0] == '/');
  i->argv = take_list(c, check_text, UINT32_MAX);
  require(c, i->argv.count > 0);
  i->env = take_list(c, check_text, UINT32_MAX);
}

static struct cursor begin(const uint8_t *bytes, size_t len, uint32_t mode)
{
  struct cursor c = {.at = bytes, .end = bytes + len, .bad = false};
  require(&c, take_u32(&c) == RECORD_MAGIC);
  require(&c, take_u32(&c) == mode);
  return c;
}

int record_mode(const uint8_t *bytes, size_t len)
{
  struct cursor c = {.at = bytes, .end = bytes + len, .bad = false};
  uint32_t magic = take_u32(&c), mode = take_u32(&c);
  return !c.bad && magic == RECORD_MAGIC && mode <= MODE_EXEC ? (int)mode : -1;
}

static void take_run(struct cursor *c, struct run_record *r)
{
  r->run_dir = take_text(c);
  require(c, r->run_dir.at[0] == '/');
  for (int n = 0; n < SPACE_COUNT; n++) r->spaces[n] = take_space(c);
  r->uid_map = take_text(c);
  r->gid_map = take_text(c);
  r->cgroup2 = take_text(c);
  r->cgroups1 = take_list(c, check_path, MAX_CGROUPS);
  r->monitor_cgroups1 = take_list(c, check_path, MAX_CGROUPS);
  r->prepare = take_list(c, check_prepare, UINT32_MAX);
  r->open_paths = take_list(c, check_path, MAX_OPEN_PATHS);
  r->setup = take_list(c, check_setup, UINT32_MAX);
  r->init = take_u32(c);
  require(c, r->init <= INIT_SYSTEM);
  r->owner_uid = take_u32(c);
  r->owner_gid = take_u32(c);
  take_identity(c, &r->identity);
  r->mounts = take_list(c, check_mount, MAX_MOUNTS);
  r->given = take_list(c, check_given, UINT32_MAX);
  r->checked = take_u32(c);
  r->restarts = take_u32(c);
  require(c, r->checked <= 1 && r->restarts <= RESTARTS_GIVING);
}

bool record_read_run(const uint8_t *bytes, size_t len, struct run_record *r)
{
  struct cursor c = begin(bytes, len, MODE_RUN);
  take_run(&c, r);
  r->again = false;
  return !c.bad && c.at == c.end;
}

bool record_read_exec(const uint8_t *bytes, size_t len, struct exec_record *r)
{
  struct cursor c = begin(bytes, len, MODE_EXEC);
  r->pid = take_text(&c);
  require(&c, r->pid.len > 0 && r->pid.len < 10 && strspn(r->pid.at, "0123456789") == r->pid.len);
  r->start_time = take_text(&c);
  r->spaces = take_u32(&c);
  r->tty = take_u32(&c);
  r->cgroup_files = take_list(&c, check_path, MAX_CGROUPS);
  take_identity(&c, &r->identity);
  r->gathered = false;
  return !c.bad && c.at == c.end;
}

static struct check_times take_times(struct cursor *c)
{
  struct check_times times = {.interval = take_u32(c)};
  times.timeout = take_u32(c);
  times.start_period = take_u32(c);
  times.start_interval = take_u32(c);
  times.retries = take_u32(c);
  require(c, times.interval > 0 && times.timeout > 0 && times.start_interval > 0 && times.retries > 0);
  require(c, times.interval <= INT32_MAX && times.timeout <= INT32_MAX && times.start_interval <= INT32_MAX);
  return times;
}

bool record_read_times(const uint8_t *bytes, size_t len, struct check_times *times)
{
  struct cursor c = begin(bytes, len, MODE_CHECK);
  *times = take_times(&c);
  return !c.bad;
}

bool record_read_check(const uint8_t *bytes, size_t len, struct exec_record *r)
{
  struct cursor c = begin(bytes, len, MODE_CHECK);
  *r = (struct exec_record){.gathered = true};
  take_times(&c);
  r->cgroup_files = take_list(&c, check_path, MAX_CGROUPS);
  take_identity(&c, &r->identity);
  return !c.bad && c.at == c.end;
}

/* A number above 0, of nine digits at most. */
static uint32_t decimal(struct cursor *c, const char *digits)
{
  uint32_t number = 0;
  size_t len = strspn(digits, "0123456789");
  require(c, len > 0 && len < 10 && digits[len] == '\0');
  for (size_t n = 0; n < len && !c->bad; n++) number = 10 * number + (uint32_t)(digits[n] - '0');
  require(c, number > 0);
  return number;
}

/* `always`, `on-failure`, `on-failure:3`, `unless-stopped`, `unless-healthy`. */
static void take_restart(struct cursor *c, struct again_rule *rule)
{
  static const char *const words[] = {"always", "on-failure", "unless-stopped", "unless-healthy"};
  static const char counted[] = "on-failure:";
  struct text policy = take_text(c);
  rule->most = 0;
  for (size_t n = 0; n < sizeof words / sizeof *words; n++) {
    rule->restart = (enum restart)n;
    if (text_is(policy, words[n])) return;
  }
  rule->restart = RESTART_ON_FAILURE;
  require(c, strncmp(policy.at, counted, sizeof counted - 1) == 0);
  if (!c->bad) rule->most = decimal(c, policy.at + sizeof counted - 1);
}

static void take_rule(struct cursor *c, struct again_rule *rule)
{
  take_restart(c, rule);
  rule->monitor = decimal(c, take_text(c).at);
  rule->stop_signal = take_u32(c);
  rule->grace = take_u32(c);
  require(c, rule->stop_signal >= 1 && rule->stop_signal <= 64 && rule->grace <= INT32_MAX);
}

bool record_read_rule(const uint8_t *bytes, size_t len, struct again_rule *rule)
{
  struct cursor c = begin(bytes, len, MODE_AGAIN);
  take_rule(&c, rule);
  return !c.bad;
}

bool record_read_again(const uint8_t *bytes, size_t len, struct again_rule *rule, struct run_record *r)
{
  struct cursor c = begin(bytes, len, MODE_AGAIN);
  take_rule(&c, rule);
  take_run(&c, r);
  r->again = true;
  return !c.bad && c.at == c.end;
}
