#define _GNU_SOURCE
#include "capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* <linux/if_packet.h>, <linux/if_ether.h>, <linux/if_arp.h> */
enum { RX_RING = 5, STATISTICS = 6, VERSION = 10, TPACKET_3 = 2 };
enum { ALL_PROTOCOLS = 0x0003, VLAN_TPID = 0x8100 };
enum { KIND_ETHER = 1, KIND_LOOPBACK = 772 };
enum { STATUS_KERNEL = 0, STATUS_USER = 1, STATUS_VLAN = 1 << 4, STATUS_TPID = 1 << 6 };

struct ring_request {
  uint32_t block_size, block_nr, frame_size, frame_nr, retire, private_size, features;
};

/* struct tpacket_block_desc with its tpacket_hdr_v1 */
struct block {
  uint32_t version, to_private, status, packets, first, length;
};

/* struct tpacket3_hdr */
struct frame {
  uint32_t next, seconds, nanoseconds, kept, length, status;
  uint16_t mac, net;
  uint32_t hash, tci;
  uint16_t tpid, padding;
  uint8_t more[8];
};
enum { ADDRESS_AT = 48 };
_Static_assert(sizeof(struct frame) == ADDRESS_AT, "struct tpacket3_hdr");

/*
 * A block holds what a card puts together of a stream's packets, 64 KiB; longer ones are cut. Each is handed over after a while, however little is
 * in it: so many of them last some seconds when the reader falls asleep. With less memory than for all, fewer.
 */
enum { BLOCK_SIZE = 1 << 17, BLOCKS = 64 };

static void map_ring(struct ring *ring)
{
  int version = TPACKET_3;
  if (setsockopt(ring->fd, SOL_PACKET, VERSION, &version, sizeof version) < 0) fail("this kernel has no TPACKET_V3", errno, NULL);
  ring->block_size = BLOCK_SIZE;
  int result = -1;
  for (ring->blocks = BLOCKS; ring->blocks >= 2; ring->blocks /= 2) {
    struct ring_request request = {
        .block_size = BLOCK_SIZE,
        .block_nr = ring->blocks,
        .frame_size = 2048,
        .frame_nr = BLOCK_SIZE / 2048 * ring->blocks,
        .retire = RING_PATIENCE,
    };
    result = setsockopt(ring->fd, SOL_PACKET, RX_RING, &request, sizeof request);
    if (result == 0 || errno != ENOMEM) break;
  }
  if (result < 0) fail("there is no memory for packets", errno, NULL);
  ring->memory = mmap(NULL, (size_t)ring->blocks * BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
  if (ring->memory == MAP_FAILED) fail("there is no memory for packets", errno, NULL);
}

/* ARPHRD_* of the link. */
static uint16_t hardware_of(const struct request *request)
{
  struct ifreq link = {.ifr_ifindex = request->index};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("no socket can be opened", errno, NULL);
  if (ioctl(fd, SIOCGIFNAME, &link) < 0 || ioctl(fd, SIOCGIFHWADDR, &link) < 0) fail(request->name, errno, "`stack show` says what is live");
  close(fd);
  return link.ifr_hwaddr.sa_family;
}

void open_ring(struct ring *ring, const struct request *request)
{
  ring->hardware = hardware_of(request);
  ring->loops = ring->hardware == KIND_LOOPBACK;
  ring->cooked = ring->hardware != KIND_ETHER && !ring->loops;
  ring->snaplen = request->snaplen;
  /* Of no protocol until it is bound: nothing comes in from other links. */
  ring->fd = socket(AF_PACKET, (ring->cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
  if (ring->fd < 0) fail("no packet socket can be opened", errno, "it takes CAP_NET_RAW: run it as root");
  keep_wanted(ring->fd, request, ring->cooked);
  map_ring(ring);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ALL_PROTOCOLS), .sll_ifindex = request->index};
  if (bind(ring->fd, (struct sockaddr *)&address, sizeof address) < 0) fail(request->name, errno, "`stack show` says what is live");
}

static struct packet packet_of(const struct frame *frame)
{
  const struct sockaddr_ll *from = (const struct sockaddr_ll *)(const void *)((const uint8_t *)frame + ADDRESS_AT);
  struct packet packet = {
      .seconds = frame->seconds,
      .nanoseconds = frame->nanoseconds,
      .length = frame->length,
      .kept = frame->kept,
      .bytes = (const uint8_t *)frame + frame->mac,
      .tagged = (frame->status & STATUS_VLAN) != 0,
      .tpid = (frame->status & STATUS_TPID) != 0 ? frame->tpid : VLAN_TPID,
      .tci = (uint16_t)frame->tci,
      .way = from->sll_pkttype,
      .hardware = from->sll_hatype,
      .protocol = from->sll_protocol,
      .address_length = from->sll_halen,
  };
  memcpy(packet.address, from->sll_addr, sizeof packet.address);
  return packet;
}

static bool drain_block(const struct ring *ring, const uint8_t *start, bool (*take)(const struct packet *, void *), void *arg)
{
  const struct block *block = (const struct block *)(const void *)start;
  uint32_t packets = block->packets, at = block->first;
  for (uint32_t i = 0; i < packets; i++) {
    const struct frame *frame = (const struct frame *)(const void *)(start + at);
    struct packet packet = packet_of(frame);
    if (!(ring->loops && packet.way == PACKET_OUTGOING) && !take(&packet, arg)) return false;
    at += frame->next;
  }
  return true;
}

bool drain_ring(struct ring *ring, bool (*take)(const struct packet *, void *), void *arg)
{
  bool more = true;
  while (more) {
    uint8_t *start = ring->memory + (size_t)ring->at * ring->block_size;
    uint32_t *status = &((struct block *)(void *)start)->status;
    if ((__atomic_load_n(status, __ATOMIC_ACQUIRE) & STATUS_USER) == 0) break;
    more = drain_block(ring, start, take, arg);
    __atomic_store_n(status, STATUS_KERNEL, __ATOMIC_RELEASE);
    ring->at = (ring->at + 1) % ring->blocks;
  }
  return more;
}

void stop_ring(struct ring *ring)
{
  keep_only(ring->fd, 0);
}

void clear_error(struct ring *ring)
{
  int error;
  socklen_t length = sizeof error;
  getsockopt(ring->fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

/* packet_notifier() of net/packet/af_packet.c unbinds the socket when its link goes, and does not say so again where that was down before. */
bool link_is_gone(const struct ring *ring)
{
  struct sockaddr_ll address;
  socklen_t length = sizeof address;
  return getsockname(ring->fd, (struct sockaddr *)&address, &length) < 0 || address.sll_ifindex <= 0;
}

uint32_t dropped_packets(struct ring *ring)
{
  struct {
    uint32_t packets, drops, freezes;
  } counted = {0};
  socklen_t length = sizeof counted;
  getsockopt(ring->fd, SOL_PACKET, STATISTICS, &counted, &length);
  return counted.drops;
}
