import type { LinkOptions } from "../../kernel.ts"
import { eachAttribute, readU32, writeNested, writeText, writeU32 } from "../attr.ts"
import {
  GRE_KEY,
  IFLA_BOND_MIIMON,
  IFLA_BOND_MODE,
  IFLA_GRE_IFLAGS,
  IFLA_GRE_IKEY,
  IFLA_GRE_LOCAL,
  IFLA_GRE_OFLAGS,
  IFLA_GRE_OKEY,
  IFLA_GRE_REMOTE,
  IFLA_GRE_TTL,
  IFLA_IPVLAN_MODE,
  IFLA_MACVLAN_MODE,
  IFLA_TUN_GROUP,
  IFLA_TUN_MULTI_QUEUE,
  IFLA_TUN_OWNER,
  IFLA_TUN_PERSIST,
  IFLA_TUN_TYPE,
  IFLA_VLAN_ID,
  IFLA_VRF_TABLE,
  IFLA_VXLAN_GROUP,
  IFLA_VXLAN_ID,
  IFLA_VXLAN_LINK,
  IFLA_VXLAN_LOCAL,
  IFLA_VXLAN_PORT,
} from "../constants/if-kinds.ts"
import { IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINK, IFLA_LINKINFO } from "../constants/if-link.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import type { Codec, Option } from "./codec.ts"
import { be16, be32, ipv4, ipv6, isGroup, isSet, u8, u16, u32, unless, words } from "./codec.ts"

interface LinkKind {
  /** Where the message names the link it lies on; absent: on none. */
  parent?: "link" | { attribute: number }
  options: { readonly [option: string]: readonly [attribute: number, codec: Codec] }
  /** What is said of all that was read, where one option hangs on another. */
  settled?: (read: Options) => Options
}

interface Options {
  [name: string]: Exclude<Option, boolean>
}

/** One key for both directions, and the flags that say that there is one. */
const greKey: Codec = {
  write: (w, _type, value) => {
    be16.write(w, IFLA_GRE_IFLAGS, GRE_KEY)
    be16.write(w, IFLA_GRE_OFLAGS, GRE_KEY)
    be32.write(w, IFLA_GRE_IKEY, value)
    be32.write(w, IFLA_GRE_OKEY, value)
  },
  read: be32.read,
}

/** That of what goes out, where somebody has made it another one, which no file can say; 0: none. */
const outgoingKey: Codec = {
  write: (w, _type, value) => {
    be16.write(w, IFLA_GRE_OFLAGS, value === 0 ? 0 : GRE_KEY)
    be32.write(w, IFLA_GRE_OKEY, value)
  },
  read: be32.read,
}

function gre(address: Codec): LinkKind {
  return {
    options: {
      remote: [IFLA_GRE_REMOTE, address],
      local: [IFLA_GRE_LOCAL, address],
      key: [IFLA_GRE_IKEY, greKey],
      okey: [IFLA_GRE_OKEY, outgoingKey],
      ttl: [IFLA_GRE_TTL, u8],
    },
    settled: ({ okey = 0, ...rest }) => (okey === (rest.key ?? 0) ? rest : { ...rest, okey }),
  }
}

/** The kinds of links with one end: what each is made of. ip-link(8) has the words, linux/if_link.h the numbers. */
const KINDS: { readonly [kind: string]: LinkKind } = {
  dummy: { options: {} },
  macvlan: {
    parent: "link",
    options: { mode: [IFLA_MACVLAN_MODE, words(u32, { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 })] },
  },
  ipvlan: { parent: "link", options: { mode: [IFLA_IPVLAN_MODE, words(u16, { l2: 0, l3: 1, l3s: 2 })] } },
  vlan: { parent: "link", options: { id: [IFLA_VLAN_ID, u16] } },
  gre: gre(ipv4(isSet)),
  gretap: gre(ipv4(isSet)),
  ip6gre: gre(ipv6),
  ip6gretap: gre(ipv6),
  wireguard: { options: {} },
  bond: {
    options: {
      mode: [
        IFLA_BOND_MODE,
        words(u8, {
          "balance-rr": 0,
          "active-backup": 1,
          "balance-xor": 2,
          broadcast: 3,
          "802.3ad": 4,
          "balance-tlb": 5,
          "balance-alb": 6,
        }),
      ],
      miimon: [IFLA_BOND_MIIMON, u32],
    },
  },
  tun: {
    options: {
      type: [IFLA_TUN_TYPE, words(u8, { tun: 1, tap: 2 })],
      owner: [IFLA_TUN_OWNER, u32],
      group: [IFLA_TUN_GROUP, u32],
      multi_queue: [IFLA_TUN_MULTI_QUEUE, unless(0)],
      persist: [IFLA_TUN_PERSIST, unless(1)],
    },
  },
  vrf: { options: { table: [IFLA_VRF_TABLE, u32] } },
  vxlan: {
    parent: { attribute: IFLA_VXLAN_LINK },
    options: {
      id: [IFLA_VXLAN_ID, u32],
      remote: [IFLA_VXLAN_GROUP, ipv4((text) => isSet(text) && !isGroup(text))],
      group: [IFLA_VXLAN_GROUP, ipv4(isGroup)],
      local: [IFLA_VXLAN_LOCAL, ipv4(isSet)],
      port: [IFLA_VXLAN_PORT, be16],
    },
  },
}

export function isOneEnded(kind: string): boolean {
  return Object.hasOwn(KINDS, kind)
}

/** True where IFLA_LINK is what a link lies on; others put their own number there, where they speak through another namespace. */
export function isOnIflaLink(kind: string): boolean {
  return isOneEnded(kind) && KINDS[kind]?.parent === "link"
}

function kindOf(kind: string): LinkKind {
  const found = isOneEnded(kind) ? KINDS[kind] : undefined
  if (found === undefined) throw new WireError(`a link of kind "${kind}" cannot be written`)
  return found
}

/** IFLA_LINK of a link that lies on another, where its kind says so in that place. */
export function writeParent(w: WireWriter, kind: string, parent: number): void {
  if (kindOf(kind).parent === "link") writeU32(w, IFLA_LINK, parent)
}

/** IFLA_LINKINFO of a link that is there: these of its options change. */
export function writeOfKind(w: WireWriter, kind: string, options: LinkOptions): void {
  writeNested(w, IFLA_LINKINFO, () => {
    writeText(w, IFLA_INFO_KIND, kind)
    writeNested(w, IFLA_INFO_DATA, () => writeOptions(w, kind, options, undefined))
  })
}

/** What stands in IFLA_INFO_DATA of a link that is made. */
export function writeOptions(w: WireWriter, kind: string, options: LinkOptions, parent: number | undefined): void {
  const { parent: place, options: known } = kindOf(kind)
  if (typeof place === "object" && parent !== undefined) writeU32(w, place.attribute, parent)
  for (const [name, value] of Object.entries(options)) {
    const option = Object.hasOwn(known, name) ? known[name] : undefined
    if (option === undefined) throw new WireError(`a link of kind "${kind}" has no option "${name}"`)
    option[1].write(w, option[0], value)
  }
}

/** The options in IFLA_INFO_DATA of a link, and the number of the link it lies on where that stands among them. */
export function readOptions(kind: string, bytes: Buffer, start: number, end: number): { options: LinkOptions; parent?: number } {
  const { parent: place, options: known, settled } = kindOf(kind)
  const options: Options = {}
  let parent: number | undefined
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (typeof place === "object" && type === place.attribute) parent = readU32(bytes, from, to)
    for (const [name, [attribute, codec]] of Object.entries(known)) {
      const value = attribute === type ? codec.read(bytes, from, to) : undefined
      if (value !== undefined && typeof value !== "boolean") options[name] = value
    }
  })
  return { options: settled?.(options) ?? options, ...(parent === undefined ? {} : { parent }) }
}
