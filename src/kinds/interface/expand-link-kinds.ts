import { withArticle } from "../../base/article.ts"
import { canonicalIp } from "../../base/ip.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { FdbItem } from "./expand-fdb.ts"
import type { WireGuardEntry } from "./expand-wireguard.ts"
import type { LinkAttributes } from "./spec.ts"
import type { GreKind, LinkKindName, LyingKindName, MadeKindName } from "./spec-link-kinds.ts"
import { BOND_MODES, GRE_TTL, IPVLAN_MODES, LINK_KINDS, MACVLAN_MODES, VXLAN_PORT } from "./spec-link-kinds.ts"

/** The keys of an interface that say what it is. */
export interface LinkEntry {
  bridge?: string
  macvlan?: string | LowerEntry
  ipvlan?: string | LowerEntry
  mode?: string
  /** A number: of a port of a bridge, the VLAN that it is in. */
  vlan?: number | (LowerEntry & { id?: number })
  vxlan?: VxlanEntry
  gre?: GreEntry
  gretap?: GreEntry
  ip6gre?: GreEntry
  ip6gretap?: GreEntry
  vrf?: { table?: number }
  bond?: { mode?: string; miimon?: number; members?: string[] }
  wireguard?: WireGuardEntry | null
  tap?: { owner?: number; group?: number; multi_queue?: boolean } | null
  dummy?: Record<string, never> | null
  phys?: string
}

/** The link that one lies on: of the host, or of the container itself. */
interface LowerEntry {
  parent?: string
  link?: string
}

interface VxlanEntry extends LowerEntry {
  id?: number
  remote?: string
  group?: string
  local?: string
  port?: number
  link_netns?: string
  fdb?: FdbItem[]
}

interface GreEntry {
  remote?: string
  local?: string
  key?: number
  ttl?: number
}

/** The keys of which an interface has one. */
const CHOICES = ["bridge", ...(Object.keys(LINK_KINDS) as MadeKindName[]), "phys"] as const

/** What an interface without a bridge is; undefined where it is on a bridge, or where the file does not tell, which is reported. */
export function expandLinkKind(value: LinkEntry, entry: Entry): LinkAttributes | undefined {
  const [first, second] = CHOICES.filter((key) => (entry.has([key]) || value[key] !== undefined) && !isPortVlan(value, entry, key))
  const isNear = () => !isPortVlan(value, entry, "vlan") && CHOICES.some((key) => entry.misspelt(key))
  if (first === undefined && !isNear())
    entry.reportKey([], "unsaid-link-kind", "it is not said what this interface is", {
      hint: `write one of ${CHOICES.map((key) => `\`${key}\``).join(", ")}`,
    })
  if (second !== undefined)
    entry.report([second], "two-link-kinds", `an interface cannot be both \`${first}\` and \`${second}\``, {
      hint: "take one of the two out",
    })
  checkMode(value, entry, first)
  return first === undefined || first === "bridge" ? undefined : linkOf(value, entry, first)
}

/** `vlan: 10`, or what is to be it and is no number: it says nothing of what the interface is. */
function isPortVlan({ vlan }: LinkEntry, entry: Entry, key: string): boolean {
  return key === "vlan" && (typeof vlan === "number" || (vlan === undefined && entry.written(["vlan"]) !== undefined))
}

function checkMode({ mode }: LinkEntry, entry: Entry, kind: string | undefined): void {
  if (mode === undefined) return
  const modes = kind === "macvlan" ? MACVLAN_MODES : kind === "ipvlan" ? IPVLAN_MODES : undefined
  if (modes?.includes(mode)) return
  const [what, hint] =
    modes === undefined
      ? ["only a macvlan or an ipvlan has a mode", "take it out"]
      : [`\`${mode}\` is no mode of a ${kind}`, `write ${modes.slice(0, -1).join(", ")} or ${modes.at(-1)}`]
  entry.report(["mode"], "bad-mode", what, { hint })
}

function linkOf(value: LinkEntry, entry: Entry, kind: LinkKindName): LinkAttributes | undefined {
  switch (kind) {
    case "macvlan":
    case "ipvlan": {
      const lower = lowerOf(entry, kind, value[kind])
      return lower && { kind, ...lower, mode: value.mode ?? (kind === "macvlan" ? "bridge" : "l2") }
    }
    case "vlan": {
      const { id, ...on } = typeof value.vlan === "object" ? value.vlan : {}
      const lower = lowerOf(entry, kind, value.vlan === undefined ? undefined : on)
      return lower === undefined || id === undefined ? undefined : { kind, ...lower, id }
    }
    case "vxlan":
      return value.vxlan?.id === undefined ? undefined : vxlan(value.vxlan, entry)
    case "gre":
    case "gretap":
    case "ip6gre":
    case "ip6gretap":
      return value[kind]?.remote === undefined ? undefined : gre(kind, value[kind], entry)
    case "vrf":
      return value.vrf?.table === undefined ? undefined : vrf(value.vrf.table, entry)
    case "bond":
      return { kind, mode: value.bond?.mode ?? (BOND_MODES[0] as string) }
    case "wireguard":
      return { kind }
    case "tap":
      return tap(value.tap ?? {})
    case "dummy":
      return { kind }
    case "phys":
      return value.phys === undefined ? undefined : { kind, parent: value.phys }
  }
}

/** Undefined where the file does not tell on which link it lies, which is reported. */
function lowerOf(entry: Entry, kind: LyingKindName, value: string | LowerEntry | undefined): LowerEntry | undefined {
  if (typeof value === "string") return { parent: value }
  if (value === undefined) return undefined
  const { parent, link } = value
  if (!checkOneLower(entry, kind) && parent === undefined && link === undefined && !LOWER_KEYS.some((key) => entry.misspelt(key, [kind])))
    entry.reportKey([kind], "no-parent", `it is not said on which link this ${kind} lies`, {
      hint: "add `link:` with another interface of the container, or `parent:` with the name of a link of the host",
    })
  if (link !== undefined) return { link }
  return parent === undefined ? undefined : { parent }
}

const LOWER_KEYS = ["link", "parent"] as const

/** True, and reported, where both are named. */
function checkOneLower(entry: Entry, kind: LyingKindName | "vxlan"): boolean {
  if (!LOWER_KEYS.every((key) => entry.has([kind, key]))) return false
  entry.report(
    [kind, "parent"],
    "two-parents",
    `${withArticle(kind)} lies on one link: \`link\` is the container's own, \`parent\` the host's`,
    {
      hint: "take one of the two out",
    },
  )
  return true
}

function vxlan(value: VxlanEntry, entry: Entry): LinkAttributes {
  checkUnderlay(value, entry)
  const { id, port, parent, link, link_netns } = value
  const [remote, group, local] = (["remote", "group", "local"] as const).map((key) =>
    ipv4(entry, ["vxlan", key], value[key], key === "group"),
  )
  if (remote !== undefined && group !== undefined)
    entry.report(["vxlan", "group"], "two-link-kinds", "a vxlan cannot have both a `remote` and a `group`", {
      hint: "take one of the two out",
    })
  if (group !== undefined && parent === undefined && link === undefined)
    entry.report(["vxlan", "group"], "no-parent", "a multicast group is joined on some link, which is not said", {
      hint: "add `link:` with another interface of the container, or `parent:` with the name of a link of the host",
    })
  return {
    kind: "vxlan",
    ...(id === undefined ? {} : { id }),
    ...(remote === undefined ? {} : { remote }),
    ...(group === undefined ? {} : { group }),
    ...(local === undefined ? {} : { local }),
    ...(link !== undefined ? { link } : parent !== undefined ? { parent } : link_netns === "container" ? { link_netns } : {}),
    port: port ?? VXLAN_PORT,
  }
}

/** A link that is named is in one of the two namespaces. */
function checkUnderlay({ parent, link, link_netns }: VxlanEntry, entry: Entry): void {
  if (checkOneLower(entry, "vxlan") || link_netns === undefined) return
  const [key, whose] = link === undefined ? ["parent", "host"] : ["link", "container"]
  if ((link ?? parent) === undefined || link_netns === whose) return
  entry.report(["vxlan", "link_netns"], "two-parents", `\`${key}\` names a link of the ${whose}, by which its packets leave`, {
    hint: `take \`link_netns\` out, or \`${key}\``,
  })
}

function gre(kind: GreKind, { key, ttl, ...ends }: GreEntry, entry: Entry): LinkAttributes {
  const [remote, local] = (["remote", "local"] as const).map((end) =>
    tunnelEnd(entry, [kind, end], ends[end], kind.startsWith("ip6") ? 6 : 4),
  )
  return {
    kind,
    ...(remote === undefined ? {} : { remote }),
    ...(local === undefined ? {} : { local }),
    ...(key === undefined ? {} : { key }),
    ttl: ttl ?? GRE_TTL,
  }
}

function tunnelEnd(entry: Entry, path: Path, text: string | undefined, family: 4 | 6): string | undefined {
  if (text === undefined) return undefined
  const ip = canonicalIp(text)
  if (ip !== undefined && ip.includes(":") === (family === 6) && ip !== "0.0.0.0" && ip !== "::") return ip
  entry.report(path, "bad-address", `\`${text}\` is not the IPv${family} address of one host`, {
    hint: family === 4 ? "write an address such as 10.0.0.1, or make it an ip6gre" : "write an address such as fd00::1, or make it a gre",
  })
  return undefined
}

function tap({ owner, group, multi_queue }: NonNullable<LinkEntry["tap"]>): LinkAttributes {
  return {
    kind: "tap",
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(multi_queue === true ? { multi_queue } : {}),
  }
}

/** Tables that have a meaning of their own: RT_TABLE_DEFAULT, MAIN and LOCAL. */
const KERNELS_TABLES = [253, 254, 255]

function vrf(table: number, entry: Entry): LinkAttributes {
  if (KERNELS_TABLES.includes(table))
    entry.report(["vrf", "table"], "bad-table", `table ${table} is the kernel's own`, { hint: "write another number, such as 10" })
  return { kind: "vrf", table }
}

/** The kernel takes one of them for the other, and tells it so. */
function ipv4(entry: Entry, path: Path, text: string | undefined, multicast: boolean): string | undefined {
  if (text === undefined) return undefined
  const ip = canonicalIp(text)
  const first = Number(ip?.split(".")[0])
  const isIt = ip !== undefined && !ip.includes(":") && (multicast ? first >= 224 && first < 240 : first > 0 && first < 224)
  if (isIt) return ip
  const wanted = multicast ? "an IPv4 multicast address, such as 239.1.1.1" : "the IPv4 address of one host, such as 192.0.2.1"
  entry.report(path, "bad-address", `\`${text}\` is not ${wanted.replace(/,.*/, "")}`, { hint: `write ${wanted}` })
  return undefined
}
