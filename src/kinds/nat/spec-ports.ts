import { formatIp, parseIp } from "../../base/ip.ts"

/** By what is published, `8080/tcp`, `127.0.0.1:5353/udp`, `8000-8010/tcp`: an unchosen target until the planner knows the container's addresses. */
export interface PublishedPorts {
  [published: string]: PortTarget | string[]
}

/** Ports of an interface, whose addresses are still to be chosen. */
export interface PortTarget {
  /** Address of the resource, `interface.web.eth0`. */
  interface: string
  /** One number, or as many as are published. */
  port: string
}

/** What is published, taken apart. */
export interface Published {
  /** Canonical; "": every address of the host. */
  host: string
  first: number
  last: number
  protocol: "tcp" | "udp"
}

export const LAST_PORT = 65_535

/** `8080/tcp`, `[2001:db8::1]:8000-8010/udp` */
export function formatPublished({ host, first, last, protocol }: Published): string {
  const address = host === "" ? "" : host.includes(":") ? `[${host}]:` : `${host}:`
  return `${address}${formatPorts(first, last)}/${protocol}`
}

export function formatPorts(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`
}

/** Undefined for any other text than the canonical one. */
export function parsePublished(text: string): Published | undefined {
  const [, bracketed, bare, first, last, protocol] = /^(?:\[([^\]]+)\]:|([0-9.]+):)?(\d{1,5})(?:-(\d{1,5}))?\/(tcp|udp)$/.exec(text) ?? []
  if (first === undefined) return undefined
  const found = { host: bracketed ?? bare ?? "", first: Number(first), last: Number(last ?? first), protocol: protocol as "tcp" | "udp" }
  const sound = (found.host === "" || parseIp(found.host) !== undefined) && found.first > 0 && found.last <= LAST_PORT
  return sound && found.first <= found.last && formatPublished(found) === text ? found : undefined
}

/** A target as plans show it: `10.20.0.2:80`, `[fd20::2]:80`. */
export function formatTarget(address: string, port: string): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}

/** Undefined for any other text than the canonical one. */
export function parseTarget(text: string): { address: string; family: 4 | 6; port: string } | undefined {
  const [, bracketed, bare, port] = /^(?:\[([0-9a-f:]+)\]|([0-9.]+)):(\d{1,5}(?:-\d{1,5})?)$/.exec(text) ?? []
  const ip = parseIp(bracketed ?? bare ?? "")
  if (ip === undefined || port === undefined || formatTarget(formatIp(ip), port) !== text) return undefined
  return { address: formatIp(ip), family: ip.family, port }
}

/** Whether a host's address is reached from the host alone. RFC 1122, RFC 4291 */
export function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1"
}

/** Whether it stands for all addresses of the host, or all of a family. */
export function isEverywhere(host: string): boolean {
  return host === "" || host === "0.0.0.0" || host === "::"
}

/** Whether two want the same port of the same address. */
export function clash(a: Published, b: Published): boolean {
  return a.protocol === b.protocol && a.first <= b.last && b.first <= a.last && sameHost(a.host, b.host)
}

/** "" is every address, `0.0.0.0` every one of IPv4, `::` every one of IPv6. */
function sameHost(a: string, b: string): boolean {
  if (a === b || a === "" || b === "") return true
  if (a.includes(":") !== b.includes(":")) return false
  return isEverywhere(a) || isEverywhere(b)
}
