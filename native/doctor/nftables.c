#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h */
enum { NETLINK_NETFILTER = 12, NFNL_MSG_BATCH_BEGIN = 16, NFNL_MSG_BATCH_END = 17, NFTABLES = 10, NFPROTO_IPV4 = 2 };
enum { NEWTABLE = NFTABLES << 8, NEWCHAIN = NFTABLES << 8 | 3, NEWRULE = NFTABLES << 8 | 6, NLM_F_ACK = 4, NLM_F_CREATE = 0x400 };
enum { TABLE_NAME = 1, CHAIN_TABLE = 1, CHAIN_NAME = 3, CHAIN_HOOK = 4, CHAIN_TYPE = 7, HOOK_NUMBER = 1, HOOK_PRIORITY = 2 };
enum { RULE_TABLE = 1, RULE_CHAIN = 2, RULE_EXPRESSIONS = 4, LIST_ELEMENT = 1, EXPRESSION_NAME = 1 };
enum { PREROUTING = 0, POSTROUTING = 4, PRIORITY_DSTNAT = -100, PRIORITY_SRCNAT = 100, NLM_F_APPEND = 0x800 };
enum { EXPRESSION_DATA = 2, REGISTER_1 = 1, IMMEDIATE_TO = 1, IMMEDIATE_DATA = 2, DATA_VALUE = 1 };
enum { NAT_TYPE = 1, NAT_FAMILY = 2, NAT_ADDRESS_FROM = 3, DESTINATION_NAT = 1 };
enum { FIB_TO = 1, FIB_RESULT = 2, FIB_FLAGS = 3, ADDRESS_TYPE = 3, OF_DESTINATION = 2 };
enum { CT_TO = 1, CT_KEY = 2, CT_STATUS = 2 };

struct family {
  uint8_t family, version;
  uint16_t resource;
};

static void bracket(struct message *message, int type)
{
  struct family header = {.resource = htons(NFTABLES)};
  begin(message, type, 0, &header, sizeof header);
  end(message);
}

static void add_table(struct message *message)
{
  struct family header = {.family = NFPROTO_IPV4};
  begin(message, NEWTABLE, NLM_F_ACK | NLM_F_CREATE, &header, sizeof header);
  put_text(message, TABLE_NAME, "doctor");
  end(message);
}

static void add_chain(struct message *message, int hook_number, int priority)
{
  struct family header = {.family = NFPROTO_IPV4};
  begin(message, NEWCHAIN, NLM_F_ACK | NLM_F_CREATE, &header, sizeof header);
  put_text(message, CHAIN_TABLE, "doctor");
  put_text(message, CHAIN_NAME, "tried");
  uint32_t hook = open_nest(message, CHAIN_HOOK);
  put_u32(message, HOOK_NUMBER, htonl((uint32_t)hook_number));
  put_u32(message, HOOK_PRIORITY, htonl((uint32_t)priority));
  close_nest(message, hook);
  put_text(message, CHAIN_TYPE, "nat");
  end(message);
}

struct value {
  int attribute;
  uint32_t number;
};

/* An expression of these numbers. */
static void put_expression(struct message *message, const char *name, const struct value *values, size_t count)
{
  uint32_t element = open_nest(message, LIST_ELEMENT);
  put_text(message, EXPRESSION_NAME, name);
  if (count > 0) {
    uint32_t data = open_nest(message, EXPRESSION_DATA);
    for (size_t i = 0; i < count; i++) put_u32(message, values[i].attribute, htonl(values[i].number));
    close_nest(message, data);
  }
  close_nest(message, element);
}

/* The register holds an address of documentation. RFC 5737 */
static void put_address(struct message *message)
{
  uint32_t element = open_nest(message, LIST_ELEMENT);
  put_text(message, EXPRESSION_NAME, "immediate");
  uint32_t data = open_nest(message, EXPRESSION_DATA);
  put_u32(message, IMMEDIATE_TO, htonl(REGISTER_1));
  uint32_t value = open_nest(message, IMMEDIATE_DATA);
  put_u32(message, DATA_VALUE, htonl(0xc0000201));
  close_nest(message, value);
  close_nest(message, data);
  close_nest(message, element);
}

static void put_masquerade(struct message *message) { put_expression(message, "masq", NULL, 0); }

static void put_dnat(struct message *message)
{
  static const struct value nat[] = {{NAT_TYPE, DESTINATION_NAT}, {NAT_FAMILY, NFPROTO_IPV4}, {NAT_ADDRESS_FROM, REGISTER_1}};
  put_address(message);
  put_expression(message, "nat", nat, sizeof nat / sizeof *nat);
}

static void put_fib(struct message *message)
{
  static const struct value fib[] = {{FIB_TO, REGISTER_1}, {FIB_RESULT, ADDRESS_TYPE}, {FIB_FLAGS, OF_DESTINATION}};
  put_expression(message, "fib", fib, sizeof fib / sizeof *fib);
}

static void put_ct(struct message *message)
{
  static const struct value ct[] = {{CT_TO, REGISTER_1}, {CT_KEY, CT_STATUS}};
  put_expression(message, "ct", ct, sizeof ct / sizeof *ct);
}

/* A rule, and the hook at which its chain of type nat stands. */
static const struct try {
  const char *what;
  int hook, priority;
  void (*put)(struct message *message);
} rules[] = {
    {"masquerade", POSTROUTING, PRIORITY_SRCNAT, put_masquerade},
    {"dnat", PREROUTING, PRIORITY_DSTNAT, put_dnat},
    {"fib", PREROUTING, PRIORITY_DSTNAT, put_fib},
    {"ct", POSTROUTING, PRIORITY_SRCNAT, put_ct},
};

/* NULL where there is none of that name. */
static const struct try *rule_of(const char *what)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (strcmp(rules[i].what, what) == 0) return &rules[i];
  return NULL;
}

static void add_rule(struct message *message, const struct try *rule)
{
  struct family header = {.family = NFPROTO_IPV4};
  begin(message, NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND, &header, sizeof header);
  put_text(message, RULE_TABLE, "doctor");
  put_text(message, RULE_CHAIN, "tried");
  uint32_t list = open_nest(message, RULE_EXPRESSIONS);
  rule->put(message);
  close_nest(message, list);
  end(message);
}

/* nft 'add table ip doctor'; with the name of a rule also a chain of type nat, and in it that rule. One batch, all or nothing. */
int try_nftables(const char *what, struct outcome *outcome)
{
  struct message message = {0};
  const struct try *rule = rule_of(what);
  if (rule == NULL && what[0] != '\0') return -EINVAL;
  int result = enter(STK_CLONE_NEWNET, outcome);
  if (result < 0) return result;
  int fd cleanup_fd = open_netlink(NETLINK_NETFILTER);
  if (fd < 0) return fd;
  bracket(&message, NFNL_MSG_BATCH_BEGIN);
  add_table(&message);
  if (rule != NULL) {
    add_chain(&message, rule->hook, rule->priority);
    add_rule(&message, rule);
  }
  bracket(&message, NFNL_MSG_BATCH_END);
  return ask(fd, &message, outcome);
}
