import { hash64 } from "../../base/hash.ts"
import type { LaunchRecord, SetupOp } from "../../kernel/kernel.ts"
import { monitorTitle, runFolderOf } from "../../model/ownership.ts"
import { filterOf } from "./filter.ts"
import type { Ids } from "./identity.ts"
import type { RootFacts } from "./rootfs.ts"
import { hostIdsOfRoot, planRoot } from "./rootfs.ts"
import type { ContainerAttributes, IdRange, NamespaceMode } from "./spec.ts"
import { capabilityMask } from "./spec-capabilities.ts"
import { isGiven } from "./spec-given.ts"
import { hasHealthcheck } from "./spec-health.ts"
import { isRestarted } from "./spec-life.ts"
import { boundText, ulimitNumber } from "./spec-ulimits.ts"
import { inWritingOrder } from "./sysctl-order.ts"

/** What a launch needs beside the attributes. */
export interface LaunchFacts {
  stack: string
  name: string
  root: RootFacts
  ids: Ids
  /** What it is given: its secrets and configs. */
  files: LaunchRecord["files"]
  /** Folders of the container's cgroup, and of the monitors'. */
  cgroups: Pick<LaunchRecord, "cgroup2" | "cgroups1" | "monitorCgroup2" | "monitorCgroups1">
  /** Path of the nsfs file for each `container:NAME` mode. */
  namespaceOf(kind: keyof ContainerAttributes["namespaces"], mode: NamespaceMode): string
}

/** Everything a monitor is told. */
export function launchRecord(attributes: ContainerAttributes, facts: LaunchFacts): LaunchRecord {
  const { namespaces } = attributes
  const modes = Object.entries(namespaces) as [keyof ContainerAttributes["namespaces"], NamespaceMode][]
  const ownMount = namespaces.mount === "new"
  const root = ownMount
    ? planRoot(attributes, facts.root, insideOps(attributes))
    : { prepare: [], openPaths: [], mounts: [], setup: insideOps(attributes) }
  return {
    title: monitorTitle(facts.stack, facts.name),
    runDir: runFolderOf(facts.stack, facts.name),
    namespaces: Object.fromEntries(modes.map(([kind, mode]) => [kind, facts.namespaceOf(kind, mode)])) as LaunchRecord["namespaces"],
    uidMap: namespaces.user === "new" ? mapText(attributes.uid_map) : "",
    gidMap: namespaces.user === "new" ? mapText(attributes.gid_map) : "",
    ...facts.cgroups,
    ...root,
    files: facts.files,
    ...facts.ids,
    ...confinementOf(attributes),
    init: attributes.init,
    ...(hasHealthcheck(attributes.healthcheck) ? { checked: true as const } : {}),
    ...(isRestarted(attributes) ? { restarts: isGiven(attributes) ? ("giving" as const) : ("plain" as const) } : {}),
    owner: namespaces.user === "new" ? hostIdsOfRoot(attributes) : { uid: 0, gid: 0 },
    cwd: attributes.working_dir,
    argv: attributes.argv,
    env: Object.entries({ ...systemEnvironment(attributes, facts), ...launchEnvironment(attributes, facts.ids) }).map(
      ([name, value]) => `${name}=${value}`,
    ),
  }
}

/** What binds a command, the first one or one that enters later. */
export function confinementOf(attributes: ContainerAttributes): Confinement {
  const { capabilities, no_new_privileges, ulimits, oom_score_adj } = attributes
  return {
    capabilities: capabilityMask(capabilities),
    noNewPrivileges: no_new_privileges,
    rlimits: Object.entries(ulimits).map(([name, { soft, hard }]) => ({
      resource: ulimitNumber(name),
      soft: boundText(soft),
      hard: boundText(hard),
    })),
    oomScoreAdj: oom_score_adj,
    filter: filterOf(attributes),
  }
}

type Confinement = Pick<LaunchRecord, "capabilities" | "noNewPrivileges" | "rlimits" | "oomScoreAdj" | "filter">

/** Where a command is looked for unless the file says otherwise; docker's. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** What the file says, over what every command gets. A hostname that changes is changed in place: so HOSTNAME is no attribute. */
export function launchEnvironment({ hostname, environment }: ContainerAttributes, { uid, home }: Ids): { [name: string]: string } {
  const HOME = home ?? (uid === 0 ? "/root" : "/")
  return { ...(hostname === "" ? {} : { HOSTNAME: hostname }), PATH: DEFAULT_PATH, HOME, ...environment }
}

/**
 * By these a system knows that it is in a container, and which machine it is as long as its /etc/machine-id says nothing: the same one
 * however often it is made. https://systemd.io/CONTAINER_INTERFACE
 */
function systemEnvironment({ init }: ContainerAttributes, { stack, name }: LaunchFacts): { [name: string]: string } {
  if (init !== "systemd") return {}
  const id = [`${stack}/${name}`, `machine ${stack}/${name}`].map((text) => hash64(text)).join("")
  return { container: "stack", container_uuid: id.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-8$3-8$4-$5") }
}

/** Lines as /proc/PID/uid_map takes them. user_namespaces(7) */
export function mapText(map: IdRange[] | { auto: number }): string {
  if (!Array.isArray(map)) throw new Error("an automatic id range has not been chosen")
  return map.map((r) => `${r.container} ${r.host} ${r.count}\n`).join("")
}

function insideOps(attributes: ContainerAttributes): SetupOp[] {
  const { namespaces, hostname } = attributes
  return [
    ...(namespaces.uts === "new" ? [{ op: "hostname", name: hostname } as const] : []),
    ...inWritingOrder(effectiveSysctls(attributes)).map(([name, value]): SetupOp => ({ op: "sysctl", name, value })),
  ]
}

/** `ping` works without a capability: every group of the container may open ICMP sockets. icmp(7) */
export const PING_SYSCTL = "net.ipv4.ping_group_range"

/** The file's sysctls, and the one every network namespace of its own gets. */
export function effectiveSysctls({ sysctls, namespaces, gid_map }: ContainerAttributes): { [name: string]: string } {
  if (namespaces.net !== "new") return sysctls
  return { [PING_SYSCTL]: `0 ${lastGid(gid_map)}`, ...sysctls }
}

function lastGid(map: IdRange[] | { auto: number }): number {
  if (!Array.isArray(map) || map.length === 0) return 2147483647
  let last = -1
  for (const r of [...map].sort((a, b) => a.container - b.container)) if (r.container === last + 1) last = r.container + r.count - 1
  return Math.min(last, 2147483647)
}
