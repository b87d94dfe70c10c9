import { canonicalIp } from "../../base/ip.ts"
import { isGroupMac, NO_MAC, parseAnyMac } from "../../base/mac.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { FdbSpec } from "./spec-fdb.ts"
import { fdbKey, inFdbOrder } from "./spec-fdb.ts"

/** An entry of a vxlan's forwarding database as the file writes it. */
export interface FdbItem {
  mac?: string
  to?: string
  port?: number
  vni?: number
}

/** What else stands in `vxlan:`. */
export interface VxlanWords {
  id?: number
  remote?: string
  port?: number
  fdb?: FdbItem[]
}

/** In canonical form and order; mistaken ones are reported and left out. */
export function expandFdb({ id, remote, port, fdb = [] }: VxlanWords, usualPort: number, entry: Entry): { fdb?: FdbSpec[] } {
  const found = new Map<string, FdbSpec>()
  const places = new Set<string>()
  for (const [i, item] of fdb.entries()) {
    const path = ["vxlan", "fdb", i]
    const spec = specOf(item, { port: port ?? usualPort, vni: id }, entry, path)
    if (spec === undefined) continue
    const { mac } = spec
    if (found.has(fdbKey(spec)) || fdbKey(spec) === fdbKey({ to: remote ?? "" }))
      entry.report(path, "duplicate-fdb", `this entry stands twice${found.has(fdbKey(spec)) ? "" : ": `remote` says the same"}`, {
        hint: "take one out",
      })
    else if (mac !== undefined && !isGroupMac(mac) && places.has(mac))
      entry.report(path, "duplicate-fdb", `${mac} is to be in two places at once`, { hint: "take one of them out" })
    else {
      found.set(fdbKey(spec), spec)
      if (mac !== undefined) places.add(mac)
    }
  }
  return found.size === 0 ? {} : { fdb: inFdbOrder([...found.values()]) }
}

function specOf(item: FdbItem, usual: { port: number; vni: number | undefined }, entry: Entry, path: Path): FdbSpec | undefined {
  const [mac, to] = [macOf(item.mac, entry, [...path, "mac"]), hostOf(item.to, entry, [...path, "to"])]
  if (to === undefined || (mac === undefined && entry.has([...path, "mac"]))) return undefined
  return {
    ...(mac === undefined || mac === NO_MAC ? {} : { mac }),
    to,
    ...(item.port === undefined || item.port === usual.port ? {} : { port: item.port }),
    ...(item.vni === undefined || item.vni === usual.vni ? {} : { vni: item.vni }),
  }
}

function macOf(text: string | undefined, entry: Entry, path: Path): string | undefined {
  const mac = text === undefined ? undefined : parseAnyMac(text)
  if (text !== undefined && mac === undefined)
    entry.report(path, "bad-mac", `\`${text}\` is not a MAC address`, {
      hint: "write six pairs of hexadecimal digits, such as 02:00:00:00:00:01, or take it out: then it is for all",
    })
  return mac
}

function hostOf(text: string | undefined, entry: Entry, path: Path): string | undefined {
  const ip = text === undefined ? undefined : canonicalIp(text)
  const first = Number(ip?.split(".")[0])
  if (text === undefined || (ip !== undefined && !ip.includes(":") && first > 0 && first < 224)) return ip
  entry.report(path, "bad-address", `\`${text}\` is not the IPv4 address of one host`, {
    hint: "write the address of a host, such as 192.0.2.1",
  })
  return undefined
}
