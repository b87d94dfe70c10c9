import type { Subject } from "./check.ts"

/** A part of the kernel that is tried. */
export interface Feature {
  subject: Subject
  /** The request to `stack-doctor`, and the id of the answer. */
  id: string
  what: string
  /** Modules that it takes where they are not built in. While one of them is not loaded it is not tried: trying would load it. */
  modules?: readonly string[]
  /** Kernel options (Kconfig) without which it is not there. */
  options: string
  /** Of a user namespace: the sysctl that bounds their number, ENOSPC beyond. namespaces(7) */
  bound?: string
}

const NAMESPACES: readonly (readonly [name: string, options: string, bound: string])[] = [
  ["user", "CONFIG_USER_NS", "user"],
  ["mount", "CONFIG_NAMESPACES", "mnt"],
  ["pid", "CONFIG_PID_NS", "pid"],
  ["net", "CONFIG_NET_NS", "net"],
  ["uts", "CONFIG_UTS_NS", "uts"],
  ["ipc", "CONFIG_IPC_NS", "ipc"],
  ["cgroup", "CONFIG_CGROUPS", "cgroup"],
  ["time", "CONFIG_TIME_NS", "time"],
]

/** `ip link add type …`: its module, what it lies on, its option. */
const LINKS: readonly (readonly [kind: string, modules: readonly string[], options: string])[] = [
  ["bridge", ["bridge"], "CONFIG_BRIDGE"],
  ["bridge-vlans", ["bridge"], "CONFIG_BRIDGE_VLAN_FILTERING"],
  ["veth", ["veth"], "CONFIG_VETH"],
  ["macvlan", ["veth", "macvlan"], "CONFIG_MACVLAN"],
  ["ipvlan", ["veth", "ipvlan"], "CONFIG_IPVLAN"],
  ["vlan", ["veth", "8021q"], "CONFIG_VLAN_8021Q"],
  ["vxlan", ["vxlan"], "CONFIG_VXLAN"],
  ["dummy", ["dummy"], "CONFIG_DUMMY"],
  ["wireguard", ["wireguard"], "CONFIG_WIREGUARD"],
  ["bond", ["bonding"], "CONFIG_BONDING"],
  ["vrf", ["vrf"], "CONFIG_NET_VRF"],
  ["tap", ["tun"], "CONFIG_TUN"],
  ["gre", ["ip_gre"], "CONFIG_NET_IPGRE"],
  ["gretap", ["ip_gre"], "CONFIG_NET_IPGRE"],
  ["ip6gre", ["ip6_gre"], "CONFIG_IPV6_GRE"],
  ["ip6gretap", ["ip6_gre"], "CONFIG_IPV6_GRE"],
]

/** `nft add rule …`: masquerading, ports, the host's own addresses, what belongs to a connection. */
const PACKET_RULES: readonly (readonly [name: string, modules: readonly string[], options: string])[] = [
  ["masquerade", ["nft_masq"], "CONFIG_NFT_NAT, CONFIG_NFT_MASQ"],
  ["dnat", ["nft_nat"], "CONFIG_NFT_NAT"],
  ["fib", ["nft_fib", "nft_fib_ipv4"], "CONFIG_NFT_FIB_IPV4"],
  ["ct", ["nft_ct"], "CONFIG_NFT_CT"],
]

const OTHERS: readonly Feature[] = [
  { subject: "traffic", id: "qdisc:netem", what: "netem (delay, loss)", modules: ["sch_netem"], options: "CONFIG_NET_SCH_NETEM" },
  { subject: "traffic", id: "qdisc:tbf", what: "tbf (rate)", modules: ["sch_tbf"], options: "CONFIG_NET_SCH_TBF" },
  { subject: "traffic", id: "nftables", what: "nf_tables", modules: ["nf_tables"], options: "CONFIG_NF_TABLES, CONFIG_NF_TABLES_IPV4" },
  ...PACKET_RULES.map(
    ([name, modules, options]): Feature => ({
      subject: "traffic",
      id: `nftables:${name}`,
      what: `nf_tables ${name}`,
      modules: ["nf_tables", "nft_chain_nat", ...modules],
      options,
    }),
  ),
  { subject: "files", id: "overlay", what: "overlay", modules: ["overlay"], options: "CONFIG_OVERLAY_FS" },
  {
    subject: "files",
    id: "overlay:user",
    what: "overlay in a user namespace",
    modules: ["overlay"],
    options: "CONFIG_OVERLAY_FS, CONFIG_TMPFS_XATTR (Linux 5.11 or newer)",
  },
  { subject: "isolation", id: "seccomp", what: "seccomp filters", options: "CONFIG_SECCOMP_FILTER" },
]

/** What is the same on every machine: what depends on its folders (groups, idmapped mounts) comes beside it. */
export const FEATURES: readonly Feature[] = [
  ...NAMESPACES.map(([name, options, bound]): Feature => ({ subject: "namespaces", id: `namespace:${name}`, what: name, options, bound })),
  ...LINKS.map(([kind, modules, options]): Feature => ({ subject: "links", id: `link:${kind}`, what: kind, modules, options })),
  ...OTHERS,
]
