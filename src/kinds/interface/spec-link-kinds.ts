/** What an interface is that is on no bridge; `phys`: a device of the host's, lent, whatever its kind. */
export type LinkKindName = MadeKindName | "phys"
export type MadeKindName = "macvlan" | "ipvlan" | "vlan" | "vxlan" | "dummy" | GreKind | "vrf" | "tap" | "wireguard" | "bond"
/** Those that lie on another link, of the host or of the container. */
export type LyingKindName = "macvlan" | "ipvlan" | "vlan"
/** Tunnels through IPv4 and through IPv6; those with `tap` carry Ethernet frames. RFC 2784, 7676 */
export type GreKind = "gre" | "gretap" | "ip6gre" | "ip6gretap"

/** The kinds of links with one end that are made, and what of the kernel each takes where it is not built in: its module, its option. */
export const LINK_KINDS: { readonly [K in MadeKindName]: { module: string; option: string } } = {
  macvlan: { module: "macvlan", option: "CONFIG_MACVLAN" },
  ipvlan: { module: "ipvlan", option: "CONFIG_IPVLAN" },
  vlan: { module: "8021q", option: "CONFIG_VLAN_8021Q" },
  vxlan: { module: "vxlan", option: "CONFIG_VXLAN" },
  dummy: { module: "dummy", option: "CONFIG_DUMMY" },
  gre: { module: "ip_gre", option: "CONFIG_NET_IPGRE" },
  gretap: { module: "ip_gre", option: "CONFIG_NET_IPGRE" },
  ip6gre: { module: "ip6_gre", option: "CONFIG_IPV6_GRE" },
  ip6gretap: { module: "ip6_gre", option: "CONFIG_IPV6_GRE" },
  vrf: { module: "vrf", option: "CONFIG_NET_VRF" },
  wireguard: { module: "wireguard", option: "CONFIG_WIREGUARD" },
  bond: { module: "bonding", option: "CONFIG_BONDING" },
  tap: { module: "tun", option: "CONFIG_TUN" },
}

/** Born in the container's namespace, whose own links their packets leave by: docs/decisions/0024. */
const INSIDE_KINDS: ReadonlySet<string> = new Set<MadeKindName>(["gre", "gretap", "ip6gre", "ip6gretap", "vrf", "wireguard", "bond"])
/** Whether it is born there: what lies on another of the container's links, or speaks through them. */
export function isOfContainer({ kind, link, link_netns }: { kind: LinkKindName; link?: string; link_netns?: string }): boolean {
  return link !== undefined || link_netns !== undefined || INSIDE_KINDS.has(kind)
}

/** Without a MAC address of their own. */
export const WITHOUT_MAC: ReadonlySet<string> = new Set<MadeKindName>(["ipvlan", "gre", "ip6gre", "wireguard"])
/** What the kernel calls a live link's kind, where the file has another word. */
export function kernelKind(kind: LinkKindName): string {
  return kind === "tap" ? "tun" : kind
}

/** Of a tunnel's packets; without it each takes that of what it carries, and a routing protocol's would not get far. */
export const GRE_TTL = 64

/** The first is that of a bond that says none. */
export const BOND_MODES = ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"]
/** Milliseconds. The kernel's own, 0, would have a bond notice nothing. */
export const MIIMON = 100

export const MACVLAN_MODES = ["bridge", "private", "vepa", "passthru"]
export const IPVLAN_MODES = ["l2", "l3", "l3s"]
/** IANA's UDP port of vxlan. RFC 7348, 5 */
export const VXLAN_PORT = 4789
