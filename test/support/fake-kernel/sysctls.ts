import type { NamespaceKind } from "../../../src/kernel/kernel.ts"
import type { FakeProcess, Machine, Namespace } from "./machine.ts"
import { namespaceAt, refuse } from "./machine.ts"
import type { NetLink } from "./network.ts"

/** What a new namespace begins with, by file below /proc/sys. */
const DEFAULTS: { readonly [K in "net" | "uts" | "ipc"]: { readonly [file: string]: string } } = {
  net: {
    "net/ipv4/ip_forward": "0",
    "net/ipv4/ping_group_range": "1\t0",
    "net/ipv4/ip_unprivileged_port_start": "1024",
    "net/ipv4/ip_local_port_range": "32768\t60999",
    "net/ipv4/tcp_syncookies": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/all/promote_secondaries": "0",
    "net/ipv6/conf/all/forwarding": "0",
    "net/core/somaxconn": "4096",
  },
  uts: { "kernel/hostname": "host", "kernel/domainname": "(none)" },
  ipc: {
    "kernel/msgmax": "8192",
    "kernel/msgmnb": "16384",
    "kernel/sem": "32000\t1024000000\t500\t32000",
    "kernel/shmmni": "4096",
    "fs/mqueue/msg_max": "10",
  },
}

export function defaultSysctls(kind: NamespaceKind): ReadonlyMap<string, string> {
  return new Map(Object.entries(DEFAULTS[kind as keyof typeof DEFAULTS] ?? {}))
}

/** Which kind of namespace a file of /proc/sys shows. */
function kindOf(file: string): keyof typeof DEFAULTS | undefined {
  return (Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]).find((kind) => file in DEFAULTS[kind])
}

/** Parameters of a link, which come and go with it. */
const OF_LINK = /^net\/(ipv4|ipv6)\/conf\/([^/]+)\/(route_localnet|accept_ra)$/

/** What a file is a parameter of, in the namespace of who asks for it. */
function parameterOf(self: FakeProcess, file: string): { get(): boolean; set(on: boolean): void } | undefined {
  const [, , name, which] = OF_LINK.exec(file) ?? []
  const link: NetLink | undefined =
    name === undefined ? undefined : [...(self.namespaces.net.network?.links.values() ?? [])].find((one) => one.name === name)
  if (link === undefined) return undefined
  if (which === "accept_ra" && link.kind === "veth")
    return { get: () => link.acceptRa !== false, set: (on) => Object.assign(link, { acceptRa: on }) }
  const [of, key] = which === "route_localnet" ? [link, "routeLocalnet"] : [link.bridge, "accept_ra"]
  if (of === undefined) return undefined
  const holder = of as { [key: string]: unknown }
  return { get: () => holder[key] === true, set: (on) => Object.assign(holder, { [key]: on }) }
}

/** The namespace whose value a reader sees that has joined those of `paths`. */
function visible(machine: Machine, self: FakeProcess, paths: readonly string[], file: string, op: string): Namespace | undefined {
  const kind = kindOf(file)
  if (kind === undefined) return undefined
  const joined = paths.filter((path) => path !== "").map((path) => namespaceAt(machine, self, path) ?? refuse(op, "ENOENT"))
  return joined.find((namespace) => namespace.kind === kind) ?? self.namespaces[kind]
}

/** The value with the line's end, or null where there is no such file, or a namespace is gone. */
export function readSysctl(machine: Machine, self: FakeProcess, namespaces: readonly string[], path: string): string | null {
  if (namespaces.some((ns) => ns !== "" && namespaceAt(machine, self, ns) === undefined)) return null
  const file = path.slice("/proc/sys/".length)
  const parameter = parameterOf(self, file)
  if (parameter !== undefined) return parameter.get() ? "1\n" : "0\n"
  const value = visible(machine, self, namespaces, file, `read ${path}`)?.sysctls.get(file)
  return value === undefined ? null : `${value}\n`
}

export function writeSysctl(machine: Machine, self: FakeProcess, namespaces: readonly string[], path: string, text: string): void {
  const file = path.slice("/proc/sys/".length)
  const parameter = parameterOf(self, file)
  if (parameter !== undefined) {
    parameter.set(text.trim() === "1")
    return
  }
  setSysctl(visible(machine, self, namespaces, file, `write ${path}`), file, text, `write ${path}`)
}

/** Numbers are kept apart by tabs; a text that is none where numbers were is refused. proc_sys(5) */
export function setSysctl(namespace: Namespace | undefined, file: string, text: string, op: string): void {
  const before = namespace?.sysctls.get(file)
  if (namespace === undefined || before === undefined) refuse(op, "ENOENT")
  const words = text.trim().split(/\s+/)
  const numbers = /^\d/.test(before)
  if (numbers && (words.length !== before.split("\t").length || !words.every((word) => /^-?\d+$/.test(word)))) refuse(op, "EINVAL")
  namespace.sysctls.set(file, numbers ? words.join("\t") : text.trim())
}
