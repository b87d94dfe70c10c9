#define _GNU_SOURCE
#include "doctor.h"
#include "../common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* rtnetlink(7), include/uapi/linux/{rtnetlink,if_link,if_tunnel,pkt_sched,if_tun}.h */
enum { RTM_NEWLINK = 16, RTM_NEWQDISC = 36, NLM_F_ACK = 4, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400, NETLINK_ROUTE = 0 };
enum { IFLA_IFNAME = 3, IFLA_LINK = 5, IFLA_LINKINFO = 18, IFLA_INFO_KIND = 1, IFLA_INFO_DATA = 2 };
enum { IFLA_BR_VLAN_FILTERING = 7, IFLA_VLAN_ID = 1, IFLA_VXLAN_ID = 1, IFLA_VRF_TABLE = 1, IFLA_GRE_LOCAL = 6, IFLA_GRE_REMOTE = 7 };
enum { TCA_KIND = 1, TCA_OPTIONS = 2, TCA_TBF_PARMS = 1 };
#define TC_ROOT 0xffffffffU
#define TUNSETIFF_CALL 0x400454caU
enum { TAP = 2, WITHOUT_HEADER = 0x1000 };

struct link_header {
  uint8_t family, pad;
  uint16_t type;
  int32_t index;
  uint32_t flags, change;
};

struct qdisc_header {
  uint8_t family, pad[3];
  int32_t index;
  uint32_t handle, parent, info;
};

/* What a kind cannot be made without, or is to be capable of. */
static void put_needs(struct message *message, const char *kind)
{
  static const uint8_t on = 1;
  static const uint8_t near[4] = {127, 0, 0, 1}, far[4] = {127, 0, 0, 2};
  static const uint8_t far6[16] = {0xfd, [15] = 2};
  uint16_t vlan = 10;
  uint32_t data = open_nest(message, IFLA_INFO_DATA);
  if (strcmp(kind, "bridge-vlans") == 0) put(message, IFLA_BR_VLAN_FILTERING, &on, sizeof on);
  if (strcmp(kind, "vlan") == 0) put(message, IFLA_VLAN_ID, &vlan, sizeof vlan);
  if (strcmp(kind, "vxlan") == 0) put_u32(message, IFLA_VXLAN_ID, 10);
  if (strcmp(kind, "vrf") == 0) put_u32(message, IFLA_VRF_TABLE, 10);
  if (strncmp(kind, "gre", 3) == 0) {
    put(message, IFLA_GRE_LOCAL, near, sizeof near);
    put(message, IFLA_GRE_REMOTE, far, sizeof far);
  }
  if (strncmp(kind, "ip6gre", 6) == 0) put(message, IFLA_GRE_REMOTE, far6, sizeof far6);
  close_nest(message, data);
}

/* ip link add NAME [link PARENT] type KIND */
static int add_link(int fd, const char *kind, int parent, int index, struct outcome *outcome)
{
  struct link_header header = {.family = AF_UNSPEC, .index = index};
  struct message message = {0};
  begin(&message, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  put_text(&message, IFLA_IFNAME, index == 0 ? "doctor0" : "parent0");
  if (parent != 0) put_u32(&message, IFLA_LINK, (uint32_t)parent);
  uint32_t info = open_nest(&message, IFLA_LINKINFO);
  put_text(&message, IFLA_INFO_KIND, strcmp(kind, "bridge-vlans") == 0 ? "bridge" : kind);
  put_needs(&message, kind);
  close_nest(&message, info);
  end(&message);
  return ask(fd, &message, outcome);
}

/* A tap device is made through its own door, tun(4) of the kernel's Documentation/networking/tuntap.rst. */
static int try_tap(void)
{
  struct {
    char name[16];
    int16_t flags;
    char rest[22];
  } request = {.name = "doctor0", .flags = TAP | WITHOUT_HEADER};
  int fd cleanup_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (fd < 0) return -errno;
  return ioctl(fd, TUNSETIFF_CALL, &request) < 0 ? -errno : 0;
}

/* Of what these lie on: any link that may have others on it will do. */
static int add_parent(int fd, struct outcome *outcome)
{
  static const char *const kinds[] = {"veth", "dummy", "bridge"};
  int result = -EOPNOTSUPP;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds && result < 0; i++) result = add_link(fd, kinds[i], 0, 100, outcome);
  if (result == 0) outcome->text[0] = '\0';
  return result < 0 ? result : 100;
}

int try_link(const char *kind, struct outcome *outcome)
{
  int result = enter(STK_CLONE_NEWNET, outcome);
  if (result < 0) return result;
  if (strcmp(kind, "tap") == 0) return try_tap();
  int fd cleanup_fd = open_netlink(NETLINK_ROUTE);
  if (fd < 0) return fd;
  int on = strcmp(kind, "macvlan") == 0 || strcmp(kind, "ipvlan") == 0 || strcmp(kind, "vlan") == 0;
  int parent = on ? add_parent(fd, outcome) : 0;
  return parent < 0 ? parent : add_link(fd, kind, parent, 0, outcome);
}

struct tbf {
  struct {
    uint8_t cell_log, link_layer;
    uint16_t overhead;
    int16_t cell_align;
    uint16_t mpu;
    uint32_t rate;
  } rate, peak;
  uint32_t limit, buffer, mtu;
};

struct netem {
  uint32_t latency, limit, loss, gap, duplicate, jitter;
};

/* tc qdisc add dev lo root KIND … */
int try_qdisc(const char *kind, struct outcome *outcome)
{
  struct qdisc_header header = {.index = 1, .parent = TC_ROOT};
  struct message message = {0};
  int result = enter(STK_CLONE_NEWNET, outcome);
  if (result < 0) return result;
  int fd cleanup_fd = open_netlink(NETLINK_ROUTE);
  if (fd < 0) return fd;
  begin(&message, RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  put_text(&message, TCA_KIND, kind);
  if (strcmp(kind, "netem") == 0) {
    struct netem options = {.limit = 1000};
    put(&message, TCA_OPTIONS, &options, sizeof options);
  } else {
    /* link_layer 1: Ethernet, for which the kernel needs no table of rates. */
    struct tbf parameters = {.rate = {.link_layer = 1, .rate = 1250000}, .limit = 100000, .buffer = 1000000};
    uint32_t options = open_nest(&message, TCA_OPTIONS);
    put(&message, TCA_TBF_PARMS, &parameters, sizeof parameters);
    close_nest(&message, options);
  }
  end(&message);
  return ask(fd, &message, outcome);
}
