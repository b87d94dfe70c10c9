import type { PortOptions, PortState } from "../base/bridge-options.ts"
import type { NetNs } from "./kernel.ts"
import type { BridgeOptions, FdbEntry, Impairment, LinkOptions, Qdisc } from "./net-dump.ts"
import type { RoutingRequest } from "./routing.ts"

/** A link by its index or its name. */
export type LinkRef = number | string

export type NetRequest =
  /** `ip link add NAME type bridge …`. IFLA_IFALIAS is dropped by the kernel at creation: set it after. */
  | {
      op: "bridge-add"
      name: string
      group: number
      mac?: string
      mtu?: number
      up: boolean
      bridge: BridgeOptions
    }
  /**
   * `ip link add NAME [netns …] master M up type veth peer name P netns NS`. One message: born in its namespace, named,
   * mastered, grouped. The end's `up` is honoured; the peer's must be set afterwards, inside its namespace.
   */
  | { op: "veth-add"; end: VethEnd & { master?: LinkRef; up: boolean }; peer: VethEnd }
  /**
   * `ip link add NAME link PARENT netns NS type KIND …`: a link with one end, which lies on a link of the namespace that the message is
   * sent in, or speaks through it. Kernels before 6.13 refuse a name that a link of that namespace has.
   */
  | {
      op: "link-add"
      name: string
      ns: NetNs
      kind: string
      parent?: LinkRef
      options: LinkOptions
      group: number
      mac?: string
      mtu?: number
    }
  /** `ip link set LINK …`; only what is given changes. */
  | {
      op: "link-set"
      link: LinkRef
      /** Moves it there, which takes it down, with its addresses and routes; all else is then set there. */
      ns?: NetNs
      name?: string
      alias?: string
      mtu?: number
      mac?: string
      up?: boolean
      /** 0: `nomaster`. */
      master?: LinkRef | 0
      group?: number
      bridge?: BridgeOptions
      /** Of a bond, in milliseconds: how often it looks whether its members carry. */
      bond?: { miimon: number }
      /** Of a port of a bridge; nothing else stands beside it. */
      port?: PortOptions
    }
  /** `ip link set LINK type bridge_slave hairpin on`: a bridge gives back by that port what came by it. */
  | { op: "hairpin"; link: LinkRef; on: boolean }
  /** `bridge link set dev LINK state …`: what a port does with frames. EBUSY where a spanning tree decides, ENETDOWN where there is no carrier to open it. */
  | { op: "port-state"; link: LinkRef; state: PortState }
  /** `bridge vlan add dev LINK vid …`, of a port: `10 pvid untagged`, `30-40`. One that it is in already gets these flags. */
  | { op: "vlan-add"; link: LinkRef; vlan: string }
  /** `bridge vlan del dev LINK vid …`. ENOENT where it is not in it. */
  | { op: "vlan-delete"; link: LinkRef; vlan: string }
  /**
   * `bridge fdb append MAC dev LINK dst IP …`, of a vxlan. A MAC address of one machine is in one place, the last that was said; any other may be in many.
   */
  | { op: "fdb-add"; link: LinkRef; entry: FdbEntry }
  /** `bridge fdb del MAC dev LINK dst IP …`. One that is not there may be ENOENT. */
  | { op: "fdb-delete"; link: LinkRef; entry: FdbEntry }
  /** `ip link property del dev LINK altname NAME`. ENOENT where no link has such a name, EINVAL where it is not that link that has it besides. */
  | { op: "altname-delete"; link: LinkRef; name: string }
  /** `ip link property add dev LINK altname NAME`. EEXIST where any link of the namespace is called so. */
  | { op: "altname-add"; link: LinkRef; name: string }
  | { op: "link-delete"; link: LinkRef }
  /** `ip link del group N`: all links of the group at once. */
  | { op: "group-delete"; group: number }
  | { op: "address-add"; link: LinkRef; address: string }
  | { op: "address-delete"; link: LinkRef; address: string }
  | RoutingRequest
  /** `tc qdisc replace dev LINK root netem …`; with `tbf` only what `rate` says. */
  | { op: "impair"; link: LinkRef; qdisc: Qdisc; impair: Impairment }
  /** `tc qdisc del dev LINK root` */
  | { op: "impair-delete"; link: LinkRef }

export interface VethEnd {
  name: string
  ns?: NetNs
  mac?: string
  mtu?: number
  group?: number
}
