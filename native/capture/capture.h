/*
 * stack-capture: packets of one link, as a pcap file or stream. musl-gcc sees no <linux/...> headers, so what the kernel has of packet
 * sockets stands here. packet(7), https://docs.kernel.org/networking/packet_mmap.html
 */
#ifndef STACK_CAPTURE_H
#define STACK_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What is to be captured. The command line: native/README.md. */
struct request {
  const char *name;      /* as a person calls it: `r1:eth1` */
  int index;             /* of the link, in its namespace */
  const char *namespace; /* a file of it that its holder has open, `/proc/PID/fd/N`; `host` */
  pid_t holder;
  const char *start_time;
  const char *file; /* "": standard output */
  uint64_t count;   /* packets; 0: no end */
  uint32_t snaplen;
  int64_t milliseconds; /* 0: no end */
  /* Which packets, as struct sock_filter[] in hexadecimal: of a link with Ethernet headers, and of one without. "": all, "-": it takes such headers */
  const char *filter, *plain_filter;
};

/* An errno, or 0 where it is no matter of the kernel's; a line of what to do, or NULL. Ends with 1. */
_Noreturn void fail(const char *what, int error, const char *hint);

/* ------------------------------------------------------- place.c: the namespace, and who holds it */

/* Enters the namespace. A descriptor that can be read once the holder has ended, -1 for the host. */
int enter_place(const struct request *request);
/* The holder has ended: a descriptor of another one, as after a restart of the container, or -1. */
int next_holder(const struct request *request);

/* ------------------------------------------------------- filter.c: which packets are kept */

/* Of each packet so many bytes; 0: none at all. */
void keep_only(int fd, uint32_t bytes);
/* Those that the request wants; `plain`: they come without an Ethernet header. */
void keep_wanted(int fd, const struct request *request, bool plain);

/* ------------------------------------------------------- ring.c: packets, as the kernel hands them over */

struct packet {
  uint32_t seconds, nanoseconds;
  uint32_t length; /* on the wire, without the tag */
  uint32_t kept;   /* at `bytes` */
  const uint8_t *bytes;
  bool tagged; /* the card or the kernel has taken a VLAN tag out: tpid and tci in network order when written */
  uint16_t tpid, tci;
  /* What a cooked header tells. */
  uint8_t way; /* PACKET_HOST, … PACKET_OUTGOING */
  uint16_t hardware, protocol;
  uint8_t address_length, address[8];
};

struct ring {
  int fd;
  bool cooked;       /* without a link header of a kind that readers know: one is written in its place */
  bool loops;        /* sees each packet twice */
  uint16_t hardware; /* ARPHRD_* */
  uint32_t snaplen;
  uint8_t *memory;
  uint32_t blocks, block_size, at;
};

void open_ring(struct ring *ring, const struct request *request);
/* Hands over what is there; false as soon as `take` says that it is enough. */
bool drain_ring(struct ring *ring, bool (*take)(const struct packet *, void *), void *arg);
/* Nothing that comes from now on is kept. */
void stop_ring(struct ring *ring);
/* Milliseconds after which the kernel hands over what it has, full or not. */
enum { RING_PATIENCE = 50 };
/* The socket's error is looked at, and is over: the link was set down, or is no more. */
void clear_error(struct ring *ring);
bool link_is_gone(const struct ring *ring);
uint32_t dropped_packets(struct ring *ring);

/* ------------------------------------------------------- pcap.c: the file */

/* Some packets, of which none is longer than LARGEST, a block of the ring with what is put before it. */
enum { BUFFER = 1 << 20, LARGEST = 1 << 18 };

struct writer {
  int fd;
  const char *name;
  bool cooked;
  uint32_t snaplen;
  bool own;    /* made by us, and so ours to cut */
  off_t whole; /* so many bytes of it are whole packets */
  size_t used;
  bool closed; /* nobody reads any more */
  uint8_t buffer[BUFFER];
};

void open_writer(struct writer *writer, const struct request *request, const struct ring *ring);
void write_packet(struct writer *writer, const struct packet *packet);
/* False where nobody reads any more. */
bool flush_writer(struct writer *writer);

#endif
