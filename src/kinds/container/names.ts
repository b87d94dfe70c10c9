import { hostsText } from "../../base/hosts-file.ts"
import type { MountCopy, ProcessId, SetupOp } from "../../kernel/kernel.ts"
import { MS_PRIVATE, MS_RDONLY, PLAIN_MOUNT } from "../../kernel/mount-flags.ts"
import type { Run, Scope } from "../../model/driver.ts"
import { hostsFileOf, ownHostsFileOf, RUN_ROOT } from "../../model/ownership.ts"
import type { HostsAttributes, HostsFile } from "../hosts/spec.ts"
import { aboutHosts, HOSTS_ADDRESS } from "../hosts/spec.ts"
import type { ContainerRecord } from "./record.ts"
import type { RootFacts, RootPlan } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"

const HOSTS = "/etc/hosts"

/** The file that is seen so; "" is the image's. */
export function hostsSourceOf(stack: string, name: string, hosts: HostsFile): string {
  return { image: "", stack: hostsFileOf(stack), own: ownHostsFileOf(stack, name) }[hosts]
}

/** Files of the run folder, each read-only: a container could otherwise fill the host's memory with them. */
export function namePlan({ hosts }: RootFacts, mounts: readonly MountCopy[]): Required<Pick<RootPlan, "mounts" | "setup">> {
  if (hosts === "") return { mounts: [...mounts], setup: [] }
  const copy: MountCopy = { source: hosts, flags: PLAIN_MOUNT | MS_RDONLY, propagation: MS_PRIVATE, idmapped: false }
  const setup: SetupOp[] = [{ op: "attach", mount: mounts.length, target: HOSTS }]
  return { mounts: [...mounts, copy], setup }
}

/** A file of its own, with what the plan wants in it. */
export function writeOwnHosts({ kernel, stack, desired }: Run, name: string): void {
  const hosts = desired.resources.find(({ address }) => address === HOSTS_ADDRESS)?.attributes as unknown as HostsAttributes | undefined
  kernel.rewriteFile(ownHostsFileOf(stack, name), hostsText(aboutHosts(stack), hosts?.own[name] ?? {}))
}

/** In a container that runs. */
export function showHosts({ kernel, stack }: Run, init: ProcessId, name: string, hosts: HostsFile): void {
  kernel.mountFile(init, { source: hostsSourceOf(stack, name, hosts), target: HOSTS, folder: `${RUN_ROOT}/${stack}` })
}

/** Whether that is asked for, and of which container: of others nothing is read. */
export function hostsPath(scope: Scope, name: string, init: number | undefined): string {
  return init === undefined || wantedOf(scope, name) === "image" ? "" : `=/proc/${init}/root${HOSTS}`
}

function wantedOf({ resource }: Scope, name: string): HostsFile {
  const wanted = resource(`container.${name}`)?.attributes as unknown as ContainerAttributes | undefined
  return wanted?.hosts ?? "image"
}

/** `seen`: which file it sees there. What is none of ours is the image's as long as it was to be that, and else somebody's doing. */
export function observedHosts(scope: Scope, name: string, seen: string | null, record: ContainerRecord | undefined): HostsFile | "another" {
  const wanted = wantedOf(scope, name)
  const recorded = record?.attributes.hosts ?? "image"
  if (wanted === "image") return recorded
  if (seen !== null && seen === stackFile(scope)) return "stack"
  const isOwn = wanted === "own" || recorded === "own"
  if (seen !== null && isOwn && seen === scope.kernel.readMany([`=${ownHostsFileOf(scope.stack, name)}`])[0]) return "own"
  return recorded === "image" ? "image" : "another"
}

const KNOWN = new WeakMap<Scope, string | null>()

/** Once for all containers. */
function stackFile(scope: Scope): string | null {
  const known = KNOWN.get(scope) ?? scope.kernel.readMany([`=${hostsFileOf(scope.stack)}`])[0] ?? null
  KNOWN.set(scope, known)
  return known
}
