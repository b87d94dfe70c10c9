import type { Flow } from "../../../src/kernel/flows.ts"
import type { LaunchRecord, NamespaceKind } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import type { Group, Hierarchy } from "./cgroups.ts"
import type { Network } from "./network.ts"
import type { Rules } from "./packet-rules.ts"
import type { Folder, Node } from "./tree.ts"

export type Layout = "v1" | "hybrid" | "v2"

/** A namespace of any kind. What lives in it: sysctls, and links where it is a network namespace. */
export interface Namespace {
  kind: NamespaceKind
  /** As in `net:[4026531840]`. */
  inode: number
  sysctls: Map<string, string>
  network?: Network
  /** Tables with their chains and rules, of a network namespace in which there were any. */
  rules?: Rules
  /** What it remembers of who sends to whom, as a test has it. */
  flows?: Flow[]
  /** Of a user namespace with maps of its own: whoever joins it has them. */
  maps?: Pick<FakeProcess, "uidMap" | "gidMap">
}

export type Namespaces = { [K in NamespaceKind]: Namespace }

export interface FakeProcess {
  pid: number
  startTime: string
  parent: number
  /** Words ended by NUL, as /proc/PID/cmdline has them. */
  cmdline: string
  namespaces: Namespaces
  /** Open files of namespaces, by descriptor. */
  fds: Map<number, Namespace>
  uidMap: string
  gidMap: string
  /** It is process 1 of a pid namespace of its own: signals it does not handle pass it by. */
  first: boolean
  /** What it was launched with, once it runs its command; absent: it may do all. */
  confinement?: Pick<LaunchRecord, "setup" | "mounts" | "capabilities" | "noNewPrivileges" | "filter">
  /** Soft and hard by number of the resource, where they are not unlimited. */
  limits: Map<number, { soft: string; hard: string }>
  oomScoreAdj: number
  handlesTerm: boolean
  /** Files of the host that it sees at places of its own, by these. */
  mounted?: Map<string, Node>
  /** It has run no program since it was forked. */
  parked?: boolean
  groups: Map<Hierarchy, Group>
  /** Of a monitor. */
  record?: LaunchRecord
  /** The run folder that a monitor holds open. */
  runFolder?: Folder
  /** Monitors and their children until "go": they end with the run that started them. */
  parkedBy?: number
}

/** Everything there is, in memory. */
export interface Machine {
  root: Folder
  hierarchies: Hierarchy[]
  /** Whether the kernel has sch_netem. */
  netem: boolean
  /** By inode; a namespace that nobody holds is gone. */
  namespaces: Map<number, Namespace>
  processes: Map<number, FakeProcess>
  /** Who holds a lock on a file: the pid of a run. */
  locks: Map<Node, number>
  next: { inode: number; pid: number; tick: number; mac: number }
  /** The pid of the run that is calling. */
  running: number
  /** A process and all that dies with it. */
  end(pid: number, signal: number): void
  /** Errno of exec, or nothing when it succeeds. */
  execError(record: LaunchRecord): string | undefined
  handlesTerm(record: LaunchRecord): boolean
}

export function refuse(op: string, errno: string, text = ""): never {
  throw new KernelError(op, errno, text)
}

export function makeNamespace(machine: Machine, kind: NamespaceKind, sysctls: ReadonlyMap<string, string>): Namespace {
  const namespace: Namespace = { kind, inode: machine.next.inode++, sysctls: new Map(sysctls) }
  machine.namespaces.set(namespace.inode, namespace)
  return namespace
}

export function namespaceFile(kind: NamespaceKind): string {
  return kind === "mount" ? "mnt" : kind
}

/** The namespace an nsfs path means: `/proc/PID/fd/N` or `/proc/PID/ns/KIND`. */
export function namespaceAt(machine: Machine, self: FakeProcess, path: string): Namespace | undefined {
  const [, who = "", place, name = ""] = /^\/proc\/((?:thread-)?self|\d+)\/(fd|ns)\/([a-z0-9]+)$/.exec(path) ?? []
  const process = who.endsWith("self") ? self : machine.processes.get(Number(who))
  if (process === undefined) return undefined
  if (place === "fd") return process.fds.get(Number(name))
  return Object.values(process.namespaces).find((n) => namespaceFile(n.kind) === name)
}
