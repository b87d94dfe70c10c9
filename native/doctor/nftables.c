#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <arpa/inet.h>
#include <string.h>

/* include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h */
enum { NETLINK_NETFILTER = 12, NFNL_MSG_BATCH_BEGIN = 16, NFNL_MSG_BATCH_END = 17, NFTABLES = 10, NFPROTO_IPV4 = 2 };
enum { NEWTABLE = NFTABLES << 8, NEWCHAIN = NFTABLES << 8 | 3, NEWRULE = NFTABLES << 8 | 6, NLM_F_ACK = 4, NLM_F_CREATE = 0x400 };
enum { TABLE_NAME = 1, CHAIN_TABLE = 1, CHAIN_NAME = 3, CHAIN_HOOK = 4, CHAIN_TYPE = 7, HOOK_NUMBER = 1, HOOK_PRIORITY = 2 };
enum { RULE_TABLE = 1, RULE_CHAIN = 2, RULE_EXPRESSIONS = 4, LIST_ELEMENT = 1, EXPRESSION_NAME = 1 };
enum { POSTROUTING = 4, PRIORITY_SRCNAT = 100, NLM_F_APPEND = 0x800 };

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

static void add_chain(struct message *message)
{
  struct family header = {.family = NFPROTO_IPV4};
  begin(message, NEWCHAIN, NLM_F_ACK | NLM_F_CREATE, &header, sizeof header);
  put_text(message, CHAIN_TABLE, "doctor");
  put_text(message, CHAIN_NAME, "out");
  uint32_t hook = open_nest(message, CHAIN_HOOK);
  put_u32(message, HOOK_NUMBER, htonl(POSTROUTING));
  put_u32(message, HOOK_PRIORITY, htonl(PRIORITY_SRCNAT));
  close_nest(message, hook);
  put_text(message, CHAIN_TYPE, "nat");
  end(message);
}

static void add_rule(struct message *message)
{
  struct family header = {.family = NFPROTO_IPV4};
  begin(message, NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND, &header, sizeof header);
  put_text(message, RULE_TABLE, "doctor");
  put_text(message, RULE_CHAIN, "out");
  uint32_t list = open_nest(message, RULE_EXPRESSIONS);
  uint32_t element = open_nest(message, LIST_ELEMENT);
  put_text(message, EXPRESSION_NAME, "masq");
  close_nest(message, element);
  close_nest(message, list);
  end(message);
}

/* nft 'add table ip doctor'; with `masquerade` also a chain of type nat at postrouting, and in it that rule. One batch, all or nothing. */
int try_nftables(const char *what, struct outcome *outcome)
{
  struct message message = {0};
  int result = enter(STK_CLONE_NEWNET, outcome);
  if (result < 0) return result;
  int fd cleanup_fd = open_netlink(NETLINK_NETFILTER);
  if (fd < 0) return fd;
  bracket(&message, NFNL_MSG_BATCH_BEGIN);
  add_table(&message);
  if (strcmp(what, "masquerade") == 0) {
    add_chain(&message);
    add_rule(&message);
  }
  bracket(&message, NFNL_MSG_BATCH_END);
  return ask(fd, &message, outcome);
}
