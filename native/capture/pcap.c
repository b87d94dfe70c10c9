#define _GNU_SOURCE
#include "capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The classic format, with nanoseconds, in this machine's byte order. https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-06.html */
struct file_header {
  uint32_t magic;
  uint16_t major, minor;
  uint32_t zone, accuracy, snaplen, link_type;
};
struct record_header {
  uint32_t seconds, nanoseconds, kept, length;
};
/* LINKTYPE_LINUX_SLL: what takes the place of a link header that readers do not know. In network order. */
struct cooked_header {
  uint16_t way, hardware, address_length;
  uint8_t address[8];
  uint16_t protocol;
};
enum { MAGIC = 0xa1b23c4d, LINK_ETHERNET = 1, LINK_COOKED = 113 };
enum { MACS = 12, TAG = 4 };

static void put(struct writer *writer, const void *bytes, size_t length)
{
  memcpy(writer->buffer + writer->used, bytes, length);
  writer->used += length;
}

static int open_file(const char *path)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  char text[4200];
  snprintf(text, sizeof text, "%s cannot be written", path);
  const char *hint = errno == EEXIST ? "name another file, or remove that one first: what it holds is never written over"
                                     : "name another place";
  if (fd < 0) fail(text, errno, hint);
  return fd;
}

void open_writer(struct writer *writer, const struct request *request, const struct ring *ring)
{
  bool is_file = request->file[0] != '\0';
  writer->fd = is_file ? open_file(request->file) : STDOUT_FILENO;
  writer->own = is_file;
  writer->name = is_file ? request->file : "standard output";
  writer->cooked = ring->cooked;
  writer->snaplen = request->snaplen;
  struct file_header header = {
      .magic = MAGIC,
      .major = 2,
      .minor = 4,
      .snaplen = request->snaplen,
      .link_type = ring->cooked ? LINK_COOKED : LINK_ETHERNET,
  };
  put(writer, &header, sizeof header);
  flush_writer(writer);
}

static void put_cooked(struct writer *writer, const struct packet *packet)
{
  struct cooked_header header = {
      .way = htons(packet->way),
      .hardware = htons(packet->hardware),
      .address_length = htons(packet->address_length),
      .protocol = packet->protocol,
  };
  memcpy(header.address, packet->address, sizeof header.address);
  put(writer, &header, sizeof header);
}

/* The tag is back where it was on the wire: behind the two addresses. */
static void put_tag(struct writer *writer, const struct packet *packet)
{
  uint16_t tag[2] = {htons(packet->tpid), htons(packet->tci)};
  put(writer, tag, sizeof tag);
}

static uint32_t least(uint32_t a, uint32_t b)
{
  return a < b ? a : b;
}

void write_packet(struct writer *writer, const struct packet *packet)
{
  bool tagged = packet->tagged && !writer->cooked && packet->kept >= MACS;
  uint32_t head = writer->cooked ? sizeof(struct cooked_header) : tagged ? MACS + TAG : 0;
  uint32_t skipped = tagged ? MACS : 0;
  /* What was asked for is the bytes of the file's packet, the tag among them. */
  uint32_t room = writer->snaplen > head ? writer->snaplen - head : 0;
  uint32_t body = least(least(packet->kept - skipped, room), LARGEST - head);
  struct record_header record = {
      .seconds = packet->seconds,
      .nanoseconds = packet->nanoseconds,
      .kept = head + body,
      .length = packet->length + head - skipped,
  };
  if (sizeof record + LARGEST > sizeof writer->buffer - writer->used) flush_writer(writer);
  put(writer, &record, sizeof record);
  if (writer->cooked) put_cooked(writer, packet);
  if (tagged) put(writer, packet->bytes, MACS), put_tag(writer, packet);
  put(writer, packet->bytes + skipped, body);
}

static ssize_t write_some(int fd, const uint8_t *bytes, size_t length)
{
  ssize_t written = write(fd, bytes, length);
  if (written >= 0) return written;
  if (errno == EINTR) return 0;
  if (errno != EAGAIN) return -1;
  /* Another holder of the pipe has made it non-blocking. */
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  poll(&ready, 1, -1);
  return 0;
}

bool flush_writer(struct writer *writer)
{
  size_t done = 0;
  while (done < writer->used && !writer->closed) {
    ssize_t written = write_some(writer->fd, writer->buffer + done, writer->used - done);
    if (written >= 0) {
      done += (size_t)written;
    } else if (errno == EPIPE || errno == EIO || errno == EBADF) {
      writer->closed = true;
    } else {
      int error = errno;
      char text[4200];
      /* Half a packet is no packet: what is left is whole. */
      if (writer->own && ftruncate(writer->fd, writer->whole) < 0) error = errno;
      snprintf(text, sizeof text, "%s cannot be written", writer->name);
      fail(text, error, "what came before is in it");
    }
  }
  writer->whole += (off_t)writer->used;
  writer->used = 0;
  return !writer->closed;
}
