import { formatIp, parseIp } from "../../base/ip.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { Published } from "./spec-ports.ts"
import { formatPorts, LAST_PORT } from "./spec-ports.ts"

/** As compose has it: `[[HOST_IP:]PUBLISHED:]TARGET[/PROTOCOL]`, or a map. */
export type PortEntry =
  | string
  | number
  | { target: number | string; published?: number | string; host_ip?: string; protocol?: "tcp" | "udp"; mode?: "host" | "ingress" }

/** One port, or several whose numbers are the same on both sides, and where the file says so. */
export interface WishedPort {
  published: Published
  /** Inside. */
  port: string
  path: Path
}

interface Numbers {
  first: number
  last: number
}

/** The parts of an entry as texts; "" is not there. */
interface Parts {
  host: string
  published: string
  target: string
  protocol: string
}

const FORMS = 'write "8080:80", "127.0.0.1:5353:53/udp", "8000-8010:8000-8010", or a map with `target` and `published`'

/** What a container publishes. Mistaken ones are reported and left out. */
export function wishedPorts(value: readonly PortEntry[] | undefined, entry: Entry): WishedPort[] {
  return (value ?? []).flatMap((one, i) => {
    const path = ["ports", i]
    const parts = typeof one === "object" ? longForm(one) : shortForm(String(one))
    if (parts === undefined) {
      entry.report(path, "bad-port", `\`${String(one)}\` is no port to be published`, { hint: FORMS })
      return []
    }
    return wishesOf(parts, path, typeof one === "object" ? [...path, "host_ip"] : path, entry)
  })
}

function longForm({ target, published, host_ip, protocol }: PortEntry & object): Parts {
  return { host: host_ip ?? "", published: String(published ?? ""), target: String(target), protocol: protocol ?? "tcp" }
}

function shortForm(text: string): Parts | undefined {
  const [, bracketed, bare, published, target, protocol] =
    /^(?:(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?([^:[\]]*):)?([^:/[\]]+)(?:\/([^:/]+))?$/.exec(text) ?? []
  if (target === undefined) return undefined
  return { host: bracketed ?? bare ?? "", published: published ?? "", target, protocol: protocol ?? "tcp" }
}

function wishesOf({ host, published, target, protocol }: Parts, path: Path, hostPath: Path, entry: Entry): WishedPort[] {
  if (protocol !== "tcp" && protocol !== "udp") {
    entry.report(path, "bad-port", `\`${protocol}\` is no protocol whose ports are published`, {
      hint: "write /tcp, which is usual, or /udp",
    })
    return []
  }
  const address = hostOf(host, hostPath, entry)
  const inside = numbersOf(target, path, entry)
  if (address === undefined || inside === undefined) return []
  if (published === "") {
    entry.report(path, "no-published-port", `it is not said which port of the host leads to port ${target}`, {
      detail: "a port that the kernel chooses could not be planned, and would be another one each time",
      hint: `choose one: "${host === "" ? "" : `${host}:`}8080:${target}"`,
    })
    return []
  }
  const outside = numbersOf(published, path, entry)
  if (outside === undefined) return []
  const [wide, narrow] = [outside.last - outside.first + 1, inside.last - inside.first + 1]
  if (wide !== narrow) {
    entry.report(path, "port-range", `${published} are ${wide} ports, ${target} ${narrow === 1 ? "is one" : `are ${narrow}`}`, {
      hint: "give both ranges the same length",
    })
    return []
  }
  return singles(outside, inside).map(([out, port]) => ({ published: { host: address, ...out, protocol }, port, path }))
}

/** What leads to the same numbers is one rule; any other range is as many as it has ports. */
function singles(outside: Numbers, inside: Numbers): [Numbers, string][] {
  if (outside.first === inside.first) return [[outside, formatPorts(inside.first, inside.last)]]
  return Array.from({ length: outside.last - outside.first + 1 }, (_, i) => {
    const number = outside.first + i
    return [{ first: number, last: number }, String(inside.first + i)]
  })
}

/** Canonical; "": any. ::1 cannot be. */
function hostOf(text: string, path: Path, entry: Entry): string | undefined {
  if (text === "") return ""
  const ip = parseIp(text)
  if (ip === undefined) {
    entry.report(path, "bad-port", `\`${text}\` is not an IP address of the host`, { hint: FORMS })
    return undefined
  }
  const address = formatIp(ip)
  if (address !== "::1") return address
  entry.report(path, "port-at-loopback6", "a port of ::1 cannot lead into a container", {
    detail: "the kernel lets no packet of ::1 leave the host's loopback: for IPv6 it has nothing like route_localnet",
    hint: "publish it at 127.0.0.1, or at another address of the host",
  })
  return undefined
}

function numbersOf(text: string, path: Path, entry: Entry): Numbers | undefined {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  const numbers = { first: Number(first), last: Number(last ?? first) }
  const wrong =
    first === undefined
      ? `\`${text}\` is no port, and no range of ports`
      : numbers.first < 1 || numbers.last > LAST_PORT
        ? `${text} is no port: they are numbered from 1 to ${LAST_PORT}`
        : numbers.last < numbers.first
          ? `the range ${text} ends before it begins`
          : undefined
  if (wrong === undefined) return numbers
  entry.report(path, "bad-port", wrong, { hint: FORMS })
  return undefined
}
