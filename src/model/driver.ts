import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import type { DeviceProgram } from "../devices/program.ts"
import type { Kernel, KernelError, LaunchRecord, Link, NetDump, ProcessId, Routing } from "../kernel/kernel.ts"
import type { RuleSet } from "../kernel/packet-rules.ts"
import type { Limits } from "../kinds/cgroup/spec.ts"
import type { Adoption, Import } from "./imports.ts"
import type { Attributes, Desired, Foreign, KindName, Observed, Resource } from "./resource.ts"
import type { Step } from "./step.ts"

/** What one kind found: its resources, and what stands in the place of wanted ones. */
export interface Reading {
  resources: Observed[]
  foreign: Foreign[]
}

/**
 * A stack's groups in whatever hierarchies this host has. Paths are below `…/stack/STACK`: `web`, `tier/web`. A group is
 * made in the holding hierarchy and in each that its limits need.
 */
export interface StackGroups {
  /** Groups directly below the stack's own, without the monitors'. */
  groups(): string[]
  /**
   * The limits of many groups in one reading; an absent key is not limited. `likes` says for a group how its limits were
   * written, by the file or an earlier one: a device by its path is given back so, and `unified` holds the files named there.
   */
  limits(paths: readonly string[], likes?: ReadonlyMap<string, readonly Limits[]>): ReadonlyMap<string, Limits>
  /** What these limits name and this host certainly does not have: block devices, files of cgroup2. */
  absent(limits: readonly Limits[]): { devices: string[]; files: string[] }
  /** The limits that do not hold for a process, by its /proc/PID/cgroup: it is not in the group in the hierarchy that has them. */
  unheld(path: string, text: string): (keyof Limits)[]
  /** Brings a process that was moved out of its group, and those it has begun, back into it. */
  gather(path: string, pid: number): void
  /** The path in a line of /proc/PID/cgroup, if the line is the holding hierarchy's. */
  holdingPath(line: string): string | undefined
  holdingFolder(path: string): string
  /** Of each group all processes in it and in those below it, in every hierarchy; in one reading. */
  members(paths: readonly string[]): Map<string, GroupMember[]>
  /** Members of the group of monitors. */
  monitors(): number[]
  /** The same of another stack. */
  monitorsOf(stack: string): number[]
  prepareMonitors(): void
  /** Without a program its members may use what those of the group above may. */
  make(path: string, limits: Limits, devices?: DeviceProgram): void
  /** Its members may use these devices and no others, from now on. */
  allow(path: string, devices: DeviceProgram): void
  /** Whether groups are held to these devices, in one reading. */
  held(wanted: ReadonlyMap<string, DeviceProgram>): ReadonlyMap<string, Holding>
  /** The folders a process is put into at birth. */
  foldersOf(path: string, limits: Limits): Pick<LaunchRecord, "cgroup2" | "cgroups1" | "monitorCgroup2" | "monitorCgroups1">
  change(path: string, before: Limits, after: Limits): void
  /** What is at a path from the top of the hierarchies (`/my/group`); undefined where none has it. `like`: how its limits are to be spelt. */
  foreign(path: string, like: Limits): ForeignGroup | undefined
  unmarked(): UnmarkedGroups
  /** Brings the processes of a foreign group into a group of the stack's, which takes its place, and removes it. May be done again. */
  adopt(path: string, name: string, limits: Limits): void
  /** The way back: the foreign group as it was, with the processes that are in the stack's now, which is removed. */
  giveBack(name: string, path: string, as: Pick<ForeignGroup, "folders" | "limits">): void
  /** Makes a group that another one is to become: on v1 the other itself, renamed, where it is beside it. May be done again. */
  succeed(from: string, to: string, limits: Limits, devices?: DeviceProgram): void
  /** Brings all processes of a group and of those below it into another. */
  moveAll(from: string, to: string): void
  /** Those whose processes do not run; "" is the stack's own. Of each, what /proc tells of its first process, by which a v1 freezer is noticed. */
  frozen(groups: ReadonlyMap<string, { status: string | null; cgroup: string | null } | undefined>): ReadonlySet<string>
  /** The file by which somebody keeps a process of a group from running: of the group, of one above it, or of v1's freezer. */
  frozenAt(path: string, pid: number): string | undefined
  /** The file of a group above the stack by which somebody keeps all of it from running. */
  frozenAbove(): string | undefined
  /** Throws a DiagnosticError where nothing that is begun in the group would run, as somebody has frozen one above it. */
  requireRunning(path: string): void
  /** Keeps those of a group from running, where it can be told so (cgroup2). */
  freeze(path: string): void
  /** Lets those of a group run again, and the stack's own. */
  thaw(path: string, pid: number | undefined): void
  /** SIGKILL to all that is in it. */
  kill(path: string): void
  /** Removes the group everywhere, and the stack's own folders when nothing is left in them. */
  remove(path: string): void
  /** Removes the stack's own folders if nothing is left in them: after a run that had no group to remove. */
  tidy(): void
}

/** `absent`: all devices may be used; `other`: it is held to others. */
export type Holding = "attached" | "absent" | "other"

/** `below`: "" or `/NAME…`, behind the group's own path; `folder`: where it is. */
export interface GroupMember {
  pid: number
  below: string
  folder: string
}

/** Groups that are no stack's. */
export interface UnmarkedGroups {
  /** Of those without others below them, from the top of the hierarchies. */
  paths: string[]
  /** How many have others below them. */
  inner: number
  /** How many are systemd's; what is below these is its own too. */
  units: number
}

/** A group that bears no mark of a stack: it is not below `stack/`. */
export interface ForeignGroup {
  /** In each hierarchy that has it. */
  folders: string[]
  /** Of the first of these: no other group ever has it. */
  inode: string
  limits: Limits
  members: GroupMember[]
  /** Names of groups directly below it. */
  groups: string[]
}

/** The shared reading behind one observation: each namespace is dumped once, each monitor looked at once. */
export interface Scope {
  kernel: Kernel
  stack: string
  desired: Desired
  cgroups: StackGroups
  /** Names of the stack's containers, wanted or found. */
  containers: ReadonlySet<string>
  /** Of containers that have a run folder, and of those that have a writable layer, which outlives a reboot. */
  runFolders: ReadonlySet<string>
  layers: ReadonlySet<string>
  /** Of these groups those that containers still have, as an apply was killed which was to rename them. */
  groupsBeingLeft(names: readonly string[]): ReadonlySet<string>
  host: NetDump
  /** The stack's own table and the chains of all others, read at the first use. Null where this process may not know. */
  rules(): RuleSet | null
  /** The monitors of the stack by container name. */
  monitors: ReadonlyMap<string, LiveMonitor>
  /** What was begun to be read of all containers by `beginContainers` of their kind. */
  containerTexts(): readonly (string | null)[]
  /** What the last apply wanted, as far as its record tells; read at the first use. */
  applied(): ReadonlyMap<Address, Attributes | null>
  /** The wanted resource of that address. */
  resource(address: Address): Resource | undefined
  linkByIndex(index: number): Link | undefined
  /** The network namespace of a container of this stack, dumped; undefined where it has none of its own. */
  dumpOf(container: string): NetDump | undefined
  /** The same of its rules, its neighbours and the routes of all tables, which few need: not kept. */
  routingOf(container: string): Routing | undefined
  /** Its host name; undefined where it has no uts namespace of its own. */
  hostnameOf(container: string): string | undefined
}

/** A running monitor and the container's process, if that still runs. */
export interface LiveMonitor {
  container: string
  pid: number
  startTime: string
  init?: { pid: number; startTime: string }
  /** It was born under another name. */
  renamed?: boolean
  /** That process has run no program yet: it waits, in the monitor's own, to be started. */
  parked?: boolean
  /** Other monitors of the same container: of a restart that was cut short. */
  beside?: readonly ProcessId[]
  /** Files that hold the namespaces as long as the monitor lives: `/proc/PID/fd/N`; absent where shared with the host. */
  netns?: string
  utsns?: string
  ipcns?: string
  /** Which network namespace that is: `net:[4026531840]`. */
  net?: string
}

/** A refusal comes as the kernel gave it: what is said of it, and where in the file, is the executor's to find out. */
export type StepResult = { ok: true } | { ok: false; failure: KernelError | Diagnostic }

/** All ready steps of one op at once, so that a driver can send them in one message. A promise each, in their order. */
export type StepRunner = (steps: readonly Step[], run: Run) => Promise<StepResult>[]

/** What a running apply shares among drivers. */
export interface Run {
  kernel: Kernel
  stack: string
  desired: Desired
  cgroups: StackGroups
  /** The caller's. */
  environment?: { readonly [name: string]: string | undefined }
  /** Told now and then by a step that reads many bytes, of how many; absent: nobody watches. */
  progress?(step: Step, done: number, total: number): void
  /** What waits is to give up: the caller was interrupted. */
  interrupted?(): boolean
  /** Values born in the kernel, by address: what an earlier step made (ifindex, netns path), or the snapshot held. */
  born: Map<Address, { [key: string]: unknown }>
}

/** The live face of a kind: what the kernel sees. */
export interface Driver {
  name: KindName
  /**
   * Either the reading, or what ends one that has begun and goes on beside those of the other kinds. That is told what the last apply
   * has left, as far as its record tells.
   */
  observe(scope: Scope): Reading | ((applied: ReadonlyMap<Address, Attributes | null>) => Reading)
  /** Live ones are looked for only where the file or that record names one: what is not done stays in it. Absent: always. */
  isSoughtByRecord?: true
  /** Looks at what an entry of `import:` names; undefined where it has done its work. Absent: nothing of this kind can be adopted. */
  adoptable?(scope: Scope, entry: Import, live: Observed | undefined): Adoption | undefined
  ops: { readonly [op: string]: StepRunner }
}
