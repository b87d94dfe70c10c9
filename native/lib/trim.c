#define _GNU_SOURCE
#include "stack.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* A type of message, an attribute of it, one in that, and so on; 0 behind the last, of which all is kept. */
struct path {
  uint16_t steps[TRIM_STEPS];
};

/* Where in a message an attribute is: the steps so far. */
struct place {
  const uint8_t *paths;
  size_t len;
  uint16_t steps[TRIM_STEPS];
  size_t depth;
};

/* What a message has in front of its attributes; 0 of one that is left as it is. */
static size_t head_of(uint16_t type)
{
  switch (type) {
  case RTM_NEWLINK: return NLMSG_ALIGN(sizeof(struct nlmsghdr)) + NLMSG_ALIGN(sizeof(struct ifinfomsg));
  case RTM_NEWADDR: return NLMSG_ALIGN(sizeof(struct nlmsghdr)) + NLMSG_ALIGN(sizeof(struct ifaddrmsg));
  case RTM_NEWROUTE: return NLMSG_ALIGN(sizeof(struct nlmsghdr)) + NLMSG_ALIGN(sizeof(struct rtmsg));
  default: return 0;
  }
}

enum kept { NOTHING, PARTS, ALL };

/* Most paths end otherwise than here: that is looked at first, as it is asked for each attribute of each link. */
static enum kept kept_of(const struct place *place)
{
  enum kept kept = NOTHING;
  uint16_t here = place->steps[place->depth - 1];
  for (size_t at = 0; at + sizeof(struct path) <= place->len && kept != ALL; at += sizeof(struct path)) {
    struct path path;
    memcpy(&path, place->paths + at, sizeof path);
    if (path.steps[place->depth - 1] != here) continue;
    if (memcmp(path.steps, place->steps, place->depth * sizeof path.steps[0]) != 0) continue;
    kept = place->depth == TRIM_STEPS || path.steps[place->depth] == 0 ? ALL : PARTS;
  }
  return kept;
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

/* Moves what is kept of the attributes to the front: the bytes that are left of them. What is none is left to whoever reads it. As deep as a path is long. */
static size_t keep(uint8_t *bytes, size_t len, const struct place *around)
{
  struct place place = *around;
  struct rtattr attribute;
  size_t kept = 0, at = 0, step;
  if (place.depth == TRIM_STEPS) return len;
  place.depth++;
  for (; (step = attribute_at(bytes + at, len - at, &attribute)) > 0; at += step) {
    place.steps[around->depth] = attribute.rta_type & NLA_TYPE_MASK;
    enum kept of = kept_of(&place);
    if (of == NOTHING) continue;
    size_t step_kept = step;
    memmove(bytes + kept, bytes + at, step);
    if (of == PARTS) {
      size_t parts = keep(bytes + kept + sizeof attribute, attribute.rta_len - sizeof attribute, &place);
      attribute.rta_len = (uint16_t)(sizeof attribute + parts);
      memcpy(bytes + kept, &attribute, sizeof attribute);
      size_t padded = RTA_ALIGN(sizeof attribute + parts);
      step_kept = padded < step ? padded : step;
    }
    kept += step_kept;
  }
  memmove(bytes + kept, bytes + at, len - at);
  return kept + len - at;
}

/* The length that is left of a message. */
static size_t trimmed(uint8_t *message, size_t len, struct nlmsghdr header, const uint8_t *paths, size_t paths_len)
{
  struct place place = {.paths = paths, .len = paths_len, .steps = {header.nlmsg_type}, .depth = 1};
  size_t head = head_of(header.nlmsg_type);
  if (head == 0 || paths_len == 0 || header.nlmsg_len != len || len < head) return len;
  size_t left = head + keep(message + head, len - head, &place);
  header.nlmsg_len = (uint32_t)left;
  memcpy(message, &header, sizeof header);
  return left;
}

/*
 * Takes out of messages about links, addresses and routes what nobody asks for, and of all whom they are for. A link says five times as much of
 * itself, its counters change by themselves, and who asks what a link is wants to hear the same as long as it is the same. The bytes that
 * are left.
 */
size_t trim(uint8_t *bytes, size_t len, const uint8_t *paths, size_t paths_len)
{
  struct nlmsghdr header;
  size_t kept = 0, at = 0, step;
  for (; (step = next_message(bytes + at, len - at, &header)) > 0; at += step) {
    header.nlmsg_pid = 0;
    memcpy(bytes + at, &header, sizeof header);
    memmove(bytes + kept, bytes + at, step);
    kept += trimmed(bytes + kept, step, header, paths, paths_len);
  }
  memmove(bytes + kept, bytes + at, len - at);
  return kept + len - at;
}
