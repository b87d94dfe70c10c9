import { hostsText } from "../../base/hosts-file.ts"
import type { ResolvConf } from "../../base/resolv-conf.ts"
import { parseResolvConf, resolvConfText } from "../../base/resolv-conf.ts"
import type { MountCopy, ProcessId, SetupOp } from "../../kernel/kernel.ts"
import { MS_PRIVATE, MS_RDONLY, PLAIN_MOUNT } from "../../kernel/mount-flags.ts"
import type { Run, Scope } from "../../model/driver.ts"
import { hostsFileOf, ownHostsFileOf, RUN_ROOT, resolvConfOf } from "../../model/ownership.ts"
import type { HostsAttributes, HostsFile } from "../hosts/spec.ts"
import { aboutHosts, HOSTS_ADDRESS } from "../hosts/spec.ts"
import type { ContainerRecord } from "./record.ts"
import type { RootFacts, RootPlan } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"
import { HOSTS, RESOLV_CONF } from "./spec-places.ts"

/** A file of the stack's run folder that a container sees. */
export interface NamedFile {
  source: string
  target: string
}

/** Whether the file says whom it asks for names. */
export function asksOthers({ dns, dns_search, dns_opt }: ResolvConf): boolean {
  return dns.length + dns_search.length + dns_opt.length > 0
}

export function namedFiles(stack: string, name: string, attributes: ContainerAttributes): NamedFile[] {
  const { hosts } = attributes
  const source = { image: undefined, stack: hostsFileOf(stack), own: ownHostsFileOf(stack, name) }[hosts]
  return [
    ...(source === undefined ? [] : [{ source, target: HOSTS }]),
    ...(asksOthers(attributes) ? [{ source: resolvConfOf(stack, name), target: RESOLV_CONF }] : []),
  ]
}

/** Each read-only: a container could otherwise fill the host's memory with them. */
export function namePlan({ named }: RootFacts, mounts: readonly MountCopy[]): Required<Pick<RootPlan, "mounts" | "setup">> {
  const copies = named.map(
    ({ source }): MountCopy => ({ source, flags: PLAIN_MOUNT | MS_RDONLY, propagation: MS_PRIVATE, idmapped: false }),
  )
  const setup = named.map(({ target }, i): SetupOp => ({ op: "attach", mount: mounts.length + i, target }))
  return { mounts: [...mounts, ...copies], setup }
}

/** Those that are its own, with what the plan wants in them. */
export function writeNamed({ kernel, stack, desired }: Run, name: string, attributes: ContainerAttributes): void {
  if (asksOthers(attributes)) kernel.rewriteFile(resolvConfOf(stack, name), resolvConfText(attributes))
  if (attributes.hosts !== "own") return
  const hosts = desired.resources.find(({ address }) => address === HOSTS_ADDRESS)?.attributes as unknown as HostsAttributes | undefined
  kernel.rewriteFile(ownHostsFileOf(stack, name), hostsText(aboutHosts(stack), hosts?.own[name] ?? {}))
}

/** In a container that runs: the file at this target, or, where it is to see none of ours there, that of its image. */
export function showNamed(
  { kernel, stack }: Run,
  name: string,
  init: ProcessId | undefined,
  attributes: ContainerAttributes,
  at: string,
): void {
  if (init === undefined || attributes.namespaces.mount !== "new") return
  const source = namedFiles(stack, name, attributes).find(({ target }) => target === at)?.source ?? ""
  kernel.mountFile(init, { source, target: at, folder: `${RUN_ROOT}/${stack}` })
}

// ------------------------------------------------------------------- reading

/** Which files it sees, and what is in one that is its own: whatever it is to see, as that may not be known yet. */
export function namedPaths(stack: string, name: string, init: number | undefined): string[] {
  if (init === undefined) return ["", "", ""]
  return [`=/proc/${init}/root${HOSTS}`, `=/proc/${init}/root${RESOLV_CONF}`, resolvConfOf(stack, name)]
}

function wantedOf({ resource }: Scope, name: string): ContainerAttributes | undefined {
  return resource(`container.${name}`)?.attributes as unknown as ContainerAttributes | undefined
}

/** `seen`: which file it sees there. What is none of ours is the image's as long as it was to be that, and else somebody's doing. */
export function observedHosts(scope: Scope, name: string, seen: string | null, record: ContainerRecord | undefined): HostsFile | "another" {
  const wanted = wantedOf(scope, name)?.hosts ?? "image"
  const recorded = record?.attributes.hosts ?? "image"
  if (wanted === "image") return recorded
  if (seen !== null && seen === stackFile(scope)) return "stack"
  const isOwn = wanted === "own" || recorded === "own"
  if (seen !== null && isOwn && seen === identityOf(scope, ownHostsFileOf(scope.stack, name))) return "own"
  return recorded === "image" ? "image" : "another"
}

/** Nothing, where it sees no file of ours. */
export function observedDns(
  scope: Scope,
  name: string,
  { seen, text }: { seen: string | null; text: string | null },
  record: ContainerRecord | undefined,
): ResolvConf {
  const wanted = wantedOf(scope, name)
  const { dns = [], dns_search = [], dns_opt = [] } = record?.attributes ?? {}
  if (wanted === undefined || !asksOthers(wanted)) return { dns, dns_search, dns_opt }
  const isOurs = text !== null && seen !== null && seen === identityOf(scope, resolvConfOf(scope.stack, name))
  return isOurs ? parseResolvConf(text) : { dns: [], dns_search: [], dns_opt: [] }
}

function identityOf({ kernel }: Scope, path: string): string | null {
  return kernel.readMany([`=${path}`])[0] ?? null
}

const KNOWN = new WeakMap<Scope, string | null>()

/** Once for all containers. */
function stackFile(scope: Scope): string | null {
  if (!KNOWN.has(scope)) KNOWN.set(scope, identityOf(scope, hostsFileOf(scope.stack)))
  return KNOWN.get(scope) ?? null
}
