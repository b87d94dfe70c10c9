import type { DeviceProgram } from "../devices/program.ts"
import type { Announcements } from "./announcements.ts"
import type { Archives } from "./archives.ts"
import type { Flows } from "./flows.ts"
import type { LaunchRecord, MountCopy } from "./launch/launch-record.ts"
import type { LinkCounters, NetDump, Qdisc } from "./net-dump.ts"
import type { NetRequest } from "./net-request.ts"
import type { PacketRules } from "./packet-rules.ts"
import type { RoutingReader } from "./routing.ts"
import type { Taps } from "./taps.ts"
import type { Tried } from "./tries.ts"
import type { WireGuard } from "./wireguard.ts"

export type { GivenFile, LaunchRecord, MountCopy, NamespaceKind, PreparedEntry, SetupOp } from "./launch/launch-record.ts"
export type {
  BridgeOptions,
  FdbEntry,
  Impairment,
  InterfaceAddress,
  Link,
  LinkCounters,
  LinkOptions,
  LiveBridge,
  NetDump,
  Qdisc,
  Traffic,
} from "./net-dump.ts"
export type { LinkRef, NetRequest, VethEnd } from "./net-request.ts"
export type { LiveRule, Neighbour, NextHop, Route, RouteWish, Routing, Rule } from "./routing.ts"
export { asksVrfs, ROUTE_PROTOCOL, VRF_RULE_PRIORITY } from "./routing.ts"
export type { OpenTap, TapWish } from "./taps.ts"
export type { WireGuardChange, WireGuardDevice, WireGuardPeer } from "./wireguard.ts"

/**
 * The kernel port: all that the rest of the program may ask of a kernel. `linux.ts` is the real one; the fake of the
 * tests is the other; one contract suite runs on both. Methods throw `KernelError` where the kernel refuses.
 */
export interface Kernel extends Announcements, Archives, Flows, PacketRules, RoutingReader, Taps, WireGuard {
  // ---- links, addresses, routes (rtnetlink(7))
  /** One consistent reading of a network namespace; a dump the kernel marks interrupted is read again, bounded. */
  dump(ns: NetNs): NetDump
  /** What its links have taken in and sent, for who wants to see it: a plan does not. */
  counters(ns: NetNs): LinkCounters[]
  /** SO_NETNS_COOKIE of a network namespace: no other one of this boot ever has it. "" where the kernel does not tell. */
  cookie(ns: NetNs): string
  /** Sends the requests in as few messages as possible, in order; a request that fails does not stop those behind it. */
  net(ns: NetNs, requests: readonly NetRequest[]): (KernelError | null)[]
  /** The same for what keeps the kernel busy for long: begun at once, while the caller does other things. */
  netLater(ns: NetNs, requests: readonly NetRequest[]): Promise<(KernelError | null)[]>
  /** Whether this kernel has such a queueing discipline (`netem`, `tbf`), for a caller that may set one. A module of it is loaded. tc(8) */
  hasQdisc(kind: Qdisc): boolean

  // ---- files of cgroupfs, procfs, sysfs, and the stack's own folders
  /** The file's text, or null where it does not exist (ENOENT, ENODEV, ESRCH of a dead process); "" of a pipe to which nobody writes. */
  read(path: string): string | null
  /** Many small files in one go; null where one does not exist. `@PATH`: what a symbolic link says; null also where it is none. `=PATH`: which file it is, `DEVICE:INODE`, links followed. `%PATH`: what sort of thing it is, links not followed, and what is in it if it is a folder; `listingIn` reads that. `+PATH`: the folders in a folder; `foldersIn` reads that. */
  readMany(paths: readonly string[]): (string | null)[]
  /** readMany beside what the caller does meanwhile: the result waits for it. */
  readBeside(paths: readonly string[]): () => (string | null)[]
  /** One write(2) of the whole text to an existing file (cgroupfs, procfs). */
  write(path: string, text: string): void
  /** A new regular file: written beside, mode 0600, then renamed over `path` (our run folder). */
  replaceFile(path: string, text: string | Uint8Array): void
  /**
   * A file that all may read (mode 0644), made where it is not there, and otherwise written over in place: who has it open, or mounted, sees
   * the new text. A symbolic link in its place is an error (ELOOP).
   */
  rewriteFile(path: string, text: string): void
  /** mkdir(2) of one level; false where it is there already. */
  mkdir(path: string, mode?: number): boolean
  /**
   * Tells the file system that what is in this folder does not belong together (`chattr +T`), where it knows such a thing: ext4 then
   * gives each folder in it a part of the disk of its own. EXT4_TOPDIR_FL, chattr(1)
   */
  spread(path: string): void
  /** rmdir(2); false where it is not there. */
  rmdir(path: string): boolean
  /** Names in a folder, sorted; empty where it does not exist. */
  list(path: string): string[]
  /** rename(2) of a file or folder within its file system. What stands at `to` is not replaced but where it is an empty folder. */
  rename(from: string, to: string): void
  /** A tree of our own (a writable layer, a run folder), gone; never follows a link or crosses a mount. */
  removeTree(path: string): void
  /** The same of many, one after the other, beside what the caller does meanwhile: for each null, or why it is not gone. */
  removeTreesLater(paths: readonly string[]): Promise<(KernelError | null)[]>
  /** An open file description lock on a file that is made (mode 0600) where it is not there; null while another holds it. It dies with this process. */
  lock(path: string): { release(): void } | null
  /**
   * So many bytes of a regular file, as a process whose root is that folder sees it: what lies in a container may be replaced by whoever runs
   * there, with a link to a file of the host, or with a FIFO, which nobody ever writes to. Null where no regular file is there for it.
   */
  readInside(root: string, path: string, length: number): InsideFile | null
  /** stat(2), links followed; null where it does not exist. `device`: `MAJOR:MINOR` of a device node, else "". */
  stat(
    path: string,
  ): { type: "file" | "folder" | "char device" | "block device" | "other"; mode: number; uid: number; gid: number; device: string } | null
  /** lstat(2): the thing itself, a symbolic link too; null where it does not exist. */
  lstat(path: string): { type: "file" | "folder" | "link" | "char device" | "block device" | "other"; mode: number; uid: number } | null
  /** The number of a file or folder in its file system, links followed; null where it does not exist. A cgroup's is never used again. */
  inode(path: string): string | null
  /** symlink(2); false where something is there already. */
  symlink(path: string, to: string): boolean
  /** What a symbolic link such as /proc/PID/ns/net says (`net:[4026531840]`); null where it does not exist or is no link. */
  readLink(path: string): string | null

  // ---- device programs of cgroup2 groups (bpf(2), BPF_CGROUP_DEVICE)
  /** Attaches it to the group of that folder, in the place of an earlier one of ours; nothing where it is there. */
  attachDevices(folder: string, program: DeviceProgram): void
  /** Names of those attached to each group; null where there is no such group. */
  devicePrograms(folders: readonly string[]): (string[] | null)[]

  // ---- a network that is not this process's
  /** A TCP connection, made by the process at the other end of the socket in its own network: a descriptor. Throws ENOENT for a name that nobody knows. */
  dial(socket: number, host: string, port: number): Promise<number>

  // ---- what this kernel has
  /** Tries each request (`link:macvlan`) in namespaces of its own, which end with it: by request, what came of it. */
  tries(requests: readonly string[]): ReadonlyMap<string, Tried>

  // ---- inside namespaces
  /** Reads a file as a member of the namespaces would (`/proc/sys/kernel/hostname`, `/proc/sys/net/…`). */
  readIn(namespaces: readonly string[], path: string): string | null
  writeIn(namespaces: readonly string[], path: string, text: string): void

  /**
   * Begins to read what only members of namespaces see, and the host's links, beside what the caller does meanwhile. What is asked of the result
   * that was not in `wanted` is read there and then.
   */
  visit(wanted: Visits): Visited

  /**
   * Has a file of ours seen at a place of a container, read-only, in the place of another one of the same folder's file system that is
   * mounted there: links on the way are followed inside its root. Without `source` it is only taken away. open_tree(2), move_mount(2)
   */
  mountFile(process: ProcessId, mount: { source: string; target: string; folder: string }): void

  /**
   * Mounts something in the mount namespace of exactly this process, as its launch would have: links on the way are followed inside its
   * root, and what is missing is made by its root (`owner`). open_tree(2), mount_setattr(2), move_mount(2)
   */
  mountIn(process: ProcessId, mount: MountIn): void
  /** Takes off what was mounted there of `source` ("": a tmpfs): EBUSY where it is in use, ESTALE where it is something else by now. umount(2) */
  unmountIn(process: ProcessId, mount: { source: string; target: string }): void

  // ---- processes
  /**
   * Starts a monitor, beside what else goes on. Resolves when the container's process has its namespaces, maps and cgroups, and waits; rejects
   * with KernelError, whose `op` names the stage that failed.
   */
  spawn(record: LaunchRecord): Promise<Monitor>
  /** The files through which a monitor holds its container's namespaces open, as long as it lives: `/proc/PID/fd/N`. */
  heldNamespaces(monitor: Pick<ProcessId, "pid">): HeldNamespaces
  /** The link that says which run folder a monitor holds open, wherever that was renamed to: `/proc/PID/fd/N`. */
  heldRunFolder(pid: number): string
  /** Sends a signal to exactly this process: by pidfd, after its start time was compared. False: it is gone. */
  signal(process: ProcessId, signal: number): boolean
  /** prlimit(2) of exactly this process; nothing where it is gone. `soft` and `hard` in decimal, or `max`. */
  setLimit(process: ProcessId, limit: { resource: number; name: string; soft: string; hard: string }): void
  /** Resolves once the process is gone (reaped where it was our child), or false after `timeoutMs`. */
  gone(process: ProcessId, timeoutMs: number): Promise<boolean>
}

export interface MountIn {
  /** A copy of a folder or file of the host, or a tmpfs with these flags and options. */
  what: MountCopy | { flags: number; data: string }
  /** A path in the container without a link, or through links that lead somewhere. */
  target: string
  /** The container's root, as the host numbers it. */
  owner: { uid: number; gid: number }
}

export interface InsideFile {
  bytes: Uint8Array
  uid: number
  gid: number
  mode: number
}

/** Namespaces to be dumped, and files to be read as their members would. */
export interface Visits {
  dumps: readonly NetNs[]
  files: readonly { namespace: string; path: string }[]
}

/** As `dump` and `readIn` of one namespace answer; what they throw is thrown here. */
export interface Visited {
  dump(ns: NetNs): NetDump
  read(namespace: string, path: string): string | null
}

/** Files, each of a namespace of a container. */
export type HeldNamespaces = Readonly<Record<"user" | "net" | "uts" | "ipc", string>>

/** `host`: the namespace of this process. Otherwise the path of an nsfs file, e.g. `/proc/123/fd/10`. */
export type NetNs = "host" | (string & {})

/** A process by pid and start time (field 22 of /proc/PID/stat, clock ticks since boot): never mistaken for a later one. */
export interface ProcessId {
  pid: number
  startTime: string
}

/** A failed kernel operation. */
export class KernelError extends Error {
  /** What was asked, in the words of the shell twin: `ip link add br-lan type bridge`, `write memory.max`. */
  readonly op: string
  /** `EPERM`, `EEXIST`, … */
  readonly errno: string
  /** The kernel's own text (extended acknowledgement), or "". */
  readonly text: string
  constructor(op: string, errno: string, text = "") {
    super(`${op}: ${errno}${text === "" ? "" : `: ${text}`}`)
    this.op = op
    this.errno = errno
    this.text = text
  }
}

/** A monitor that was started, parked or running. */
export interface Monitor extends ProcessId {
  /** The container's first process, as the caller's pid namespace numbers it. */
  init: ProcessId
  /** Lets it run its setup and exec. Resolves when exec has succeeded; rejects with KernelError naming the stage that failed. */
  go(): Promise<void>
  /** Gives it up: without "go" it ends itself. */
  abandon(): void
}
