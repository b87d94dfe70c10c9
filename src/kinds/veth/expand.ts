import { LINK_NAME_HINT, whyNoLinkName } from "../../base/link-name.ts"
import { deriveMac } from "../../base/mac.ts"
import type { Entry, Expanded, Path } from "../../model/entry.ts"
import { aliasOf } from "../../model/ownership.ts"
import type { ImpairEntry } from "../link/expand-impair.ts"
import { expandImpair } from "../link/expand-impair.ts"
import { addressList, macOf } from "../link/expand-link.ts"
import type { Impair } from "../link/spec-impair.ts"
import { impairing } from "../link/spec-impair.ts"
import { vethRelations } from "./relations.ts"
import type { VethAttributes } from "./spec.ts"

/** One end as the file writes it. */
export type EndpointEntry =
  | string
  | {
      container?: string
      interface?: string
      address?: string | string[]
      mac?: string
      up?: boolean
      accept_ra?: boolean
      impair?: ImpairEntry
    }

/** A veth pair as the file writes it. */
export interface VethEntry {
  endpoints?: EndpointEntry[]
  mtu?: number
  impair?: ImpairEntry
}

type Endpoint = VethAttributes["endpoints"][number]

/** Undefined where the file does not name two ends. */
export function expandVeth(value: VethEntry, entry: Entry): Expanded<VethAttributes> | undefined {
  const both = expandImpair(entry, ["impair"], value.impair)
  const ends = (value.endpoints ?? []).map((end, i) => endpoint(entry, ["endpoints", i], end, both))
  const [a, b] = ends
  if (a === undefined || b === undefined) return undefined
  const attributes: VethAttributes = { endpoints: [a, b], mtu: value.mtu ?? 1500, alias: aliasOf(entry.stack, entry.address) }
  return { attributes, ...vethRelations(attributes) }
}

function endpoint(entry: Entry, path: Path, end: EndpointEntry, both: Impair | undefined): Endpoint | undefined {
  const long = longForm(end)
  const impair = expandImpair(entry, [...path, "impair"], long.impair) ?? both
  const { container, interface: name } = long
  const address = addressList(entry, [...path, "address"], long.address)
  const mac = macOf(entry, [...path, "mac"], long.mac)
  if (name !== undefined) checkName(entry, typeof end === "string" ? path : [...path, "interface"], name)
  if (container === undefined || name === undefined) return undefined
  const holder = container === "host" ? "host" : `container.${container}`
  if (long.accept_ra !== undefined && container !== "host")
    entry.report([...path, "accept_ra"], "bad-accept-ra", "only the host's end says whom the host listens to", {
      hint: `take it out; of a container: \`sysctls: { net.ipv6.conf.${name.replaceAll(".", "/")}.accept_ra: 0 }\``,
    })
  const derived = deriveMac(`${entry.stack}/${entry.originOf(entry.address)}/${entry.originOf(holder)}/${name}`)
  const found: Endpoint = { container: holder, interface: name, address, mac: mac ?? derived, up: long.up ?? true }
  if (holder === "host" && long.accept_ra) found.accept_ra = true
  return Object.assign(found, impairing(impair))
}

function checkName(entry: Entry, path: Path, name: string): void {
  const why = whyNoLinkName(name)
  if (why === undefined) return
  entry.report(path, "bad-link-name", `\`${name}\` cannot be the name of an interface: ${why}`, { hint: LINK_NAME_HINT })
}

/** `r1:eth1` as a map. */
function longForm(end: EndpointEntry): Exclude<EndpointEntry, string> {
  if (typeof end !== "string") return end
  const colon = end.indexOf(":")
  return { container: end.slice(0, colon), interface: end.slice(colon + 1) }
}
