#define _GNU_SOURCE
#include "stack.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* What a link message has in front of its attributes. */
#define LINK_HEAD (NLMSG_ALIGN(sizeof(struct nlmsghdr)) + NLMSG_ALIGN(sizeof(struct ifinfomsg)))

static int is_counter(uint16_t type)
{
  return (type & NLA_TYPE_MASK) == IFLA_STATS || (type & NLA_TYPE_MASK) == IFLA_STATS64;
}

/* The length of the attribute there, with its padding; 0 where the bytes are none. */
static size_t attribute_at(const uint8_t *bytes, size_t len, struct rtattr *attribute)
{
  if (len < sizeof *attribute) return 0;
  memcpy(attribute, bytes, sizeof *attribute);
  if (attribute->rta_len < sizeof *attribute || attribute->rta_len > len) return 0;
  size_t padded = RTA_ALIGN((size_t)attribute->rta_len);
  return padded < len ? padded : len;
}

/* Moves the attributes that are no counters to the front: the bytes that are left of them. What is none is left to whoever reads it. */
static size_t drop_counters(uint8_t *bytes, size_t len)
{
  struct rtattr attribute;
  size_t kept = 0, at = 0;
  while (at < len) {
    size_t step = attribute_at(bytes + at, len - at, &attribute);
    size_t size = step > 0 ? step : len - at;
    if (step == 0 || !is_counter(attribute.rta_type)) {
      memmove(bytes + kept, bytes + at, size);
      kept += size;
    }
    at += size;
  }
  return kept;
}

/* The length that is left of a message. */
static size_t uncounted(uint8_t *message, size_t len, struct nlmsghdr header)
{
  if (header.nlmsg_type != RTM_NEWLINK || header.nlmsg_len != len || len < LINK_HEAD) return len;
  size_t left = LINK_HEAD + drop_counters(message + LINK_HEAD, len - LINK_HEAD);
  header.nlmsg_len = (uint32_t)left;
  memcpy(message, &header, sizeof header);
  return left;
}

/*
 * Takes out what passes: the counters of the messages about links, and of all messages whom they are for. The first change by themselves,
 * the other with each socket, and who asks what a link is wants to hear the same as long as it is the same. RTEXT_FILTER_SKIP_STATS only
 * spares the counters of IPv6. The bytes that are left.
 */
size_t without_passing(uint8_t *bytes, size_t len)
{
  struct nlmsghdr header;
  size_t kept = 0, at = 0, step;
  for (; (step = next_message(bytes + at, len - at, &header)) > 0; at += step) {
    header.nlmsg_pid = 0;
    memcpy(bytes + at, &header, sizeof header);
    memmove(bytes + kept, bytes + at, step);
    kept += uncounted(bytes + kept, step, header);
  }
  memmove(bytes + kept, bytes + at, len - at);
  return kept + len - at;
}
