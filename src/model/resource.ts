import type { Address } from "../base/address.ts"
import type { Diagnostic, Range } from "../base/diagnostic.ts"
import type { TargetFault } from "../kinds/container/spec-mounts.ts"
import type { Adoptions, Import } from "./imports.ts"
import type { Move, Moves } from "./moves.ts"
import type { PacketFacts } from "./packet-facts.ts"

export type KindName = "bridge" | "cgroup" | "container" | "hosts" | "image" | "interface" | "nat" | "veth" | "volume"

/** Kinds of what follows from the rest of a file, and is written nowhere. */
export const IMPLIED: ReadonlySet<KindName> = new Set<KindName>(["hosts", "image", "nat"])

/** Canonical attribute values: what JSON can hold, so that a plan is data. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

/**
 * One resource's attributes in canonical form: every spelling of the same wish gives the same object
 * (64M is 67108864, lists without order are sorted, defaults are filled in). A key that is absent is not managed.
 */
export type Attributes = { readonly [key: string]: Value }

/** One resource needs another: an edge of the graph. */
export interface Reference {
  address: Address
  /**
   * What becomes of the referrer when the other is replaced: `replace` it too, `update` the named field
   * (the kernel object is attached anew), or `none`.
   */
  onReplace: "replace" | "none" | { update: string }
  /** It hangs on what the other one keeps (`Change.keeps`). */
  onKept?: true
}

/** What a resource hangs on, as its attributes tell. */
export interface Relations {
  references: readonly Reference[]
  /** The resource whose kernel object holds it. */
  partOf?: Address
}

/** A declared thing, out of the stack file. */
export interface Resource<A extends object = Attributes> {
  kind: KindName
  address: Address
  /** The part of the address behind the kind. */
  name: string
  attributes: A
  references: readonly Reference[]
  /** The resource whose kernel object holds this one: deleting or replacing it deletes or replaces this too. */
  partOf?: Address
  /** Paths of attributes that others may change by hand; one stands for all below it. */
  ignoreDrift?: readonly string[]
  /** Neither deleted nor replaced. */
  preventDestroy?: boolean
  /** It was adopted, and becomes again what it was before: what that is called in the kernel. */
  givenBack?: string
  /** What the file says, where `attributes` leaves drift as it is. */
  declared?: Attributes
  /** Where the file says so: of the resource, or of the field at a path like `limits.memory`. */
  range(path?: string): Range | undefined
}

/** The wanted state: the whole stack file, resolved. */
export interface Desired {
  stack: string
  /** In the order of the file. */
  resources: readonly Resource[]
  /** Of the caller's environment, what secrets and configs come from. Never shown or kept. */
  variables?: { readonly [name: string]: string }
  /** Why what is live and not among `resources` is taken away; absent: the file does not hold it. */
  unwanted?: string
  /** The volumes that the file does not hold are looked at, too: with nothing wanted, they go. */
  allVolumes?: true
  /** Objects without a mark that are to become the stack's. */
  imports?: readonly Import[]
  /** Former addresses of resources: what is live under one of them is not made anew. */
  moved?: readonly Move[]
}

/**
 * What the kernel holds of one resource of the stack. `attributes` has the same shape as the resource's; a field
 * that cannot be told is absent and then always differs.
 */
export interface Observed {
  kind: KindName
  address: Address
  name: string
  attributes: Attributes
  /** The address that it still has in the kernel, or in a part of it: the file has moved it. */
  movedFrom?: Address
  /** A change in place was begun and has not come to its end. Says which. */
  unfinished?: string
  /** Half-made (a killed apply): it bears our mark but not all its parts. Says what is missing. */
  incomplete?: string
  /**
   * What the last apply wanted, where its record tells: a field that differs from the observed but not from this is drift. Null: an
   * apply that was to change it has not ended well.
   */
  applied?: Attributes | null
  /** What others have put into it, where the reading tells. */
  occupied?: Occupied
  /** Numbers born in the kernel (pid, ifindex, namespace paths). For drivers and `show`; never in a plan. */
  live: { readonly [key: string]: Value }
}

/** Who is in what is another's, a line each, and what to do about it: it is neither deleted nor replaced. */
export interface Occupied {
  by: readonly string[]
  hint: string
}

/** A thing of another owner in the place of one we want. */
export interface Foreign {
  /** The address that wants the place. */
  address: Address
  /** E.g. `link br-lan (index 7, bridge) has no mark of this stack`. */
  what: string
  /** The container whose namespace it is in: it goes when that one is replaced. Absent: on the host. */
  within?: Address
  /** By this name `import:` could make it the stack's. */
  adoptable?: string
}

/** One immutable reading of the kernel. */
export interface Snapshot {
  resources: ReadonlyMap<Address, Observed>
  foreign: readonly Foreign[]
  host: HostFacts
  /** What the last apply left, by its record, and is not there any more. */
  lost?: ReadonlyMap<Address, Attributes>
  /** What the entries of `import:` name, as far as their resources are not live. */
  adoptions?: Adoptions
  /** What was found under another address than it is told under here: from that to this. */
  moves?: Moves
  /** Moves of the file that cannot be made, because both addresses are live. */
  blocked?: readonly Move[]
}

/** A link of the host, up and not the stack's, by which the host reaches what is in the subnet of a bridge's address, or around it. */
export interface SubnetFact {
  address: string
  /** An address of that link, or where the route leads. */
  there: string
  link: string
  alias: string
  /** Absent: it is the link's own address. `via`: the next hop, if there is one. */
  route?: { via?: string }
}

/** A container of another stack, and the host ids that its processes have. */
export interface IdHolder {
  stack: string
  address: Address
  uid: readonly { host: number; count: number }[]
  gid: readonly { host: number; count: number }[]
}

/** What the host can do and what is taken, as far as planning depends on it. */
export interface HostFacts {
  /** Which kernel this is: its boot, and the cookie of the network namespace that is the host's. */
  identity: { boot: string; netns: string }
  /**
   * For each controller (`memory`, `pids`, `cpu`, `io`, `cpuset`, `hugetlb`; of cgroup2 all) the hierarchy that holds it; absent: none does.
   * Beside them `swap`: its accounting to cgroups is on (memory.swap.max, memory.memsw.*), and `cgroup`: cgroup2 is mounted (`cgroup.*`).
   */
  controllers: { readonly [controller: string]: "v1" | "v2" }
  /** Whether the kernel has netem; absent where no link of the stack is to be impaired. */
  netem?: boolean
  /** Host id ranges held by user namespaces of other stacks: never handed out. */
  takenIds: readonly { host: number; count: number }[]
  /** Of other stacks, the running containers; absent: none, or the file leaves all ids to the planner. */
  idHolders?: readonly IdHolder[]
  /** Other stacks whose ids this process may not know. */
  closedStacks: readonly string[]
  /** Ranges that automatic maps are cut from (/etc/subuid and /etc/subgid of the user; root without an entry: 100000 upwards). */
  subordinateIds: { uid: readonly { host: number; count: number }[]; gid: readonly { host: number; count: number }[] }
  /** Automatic maps are cut in pieces of so many ids; absent: 65536. Smaller, they hold so many ids unless the file names a size. */
  idPiece?: number
  /** The stack is an ordinary user's. `groups`: cgroups were delegated to it. `mounts`: all mount points that it sees. */
  rootless?: { groups: boolean; mounts: readonly string[] }
  /** Effective capabilities of this process that applying needs and that are missing, e.g. `CAP_NET_ADMIN`. */
  missingCapabilities: readonly string[]
  /** The same of reading all that is live of a stack. */
  missingToRead: readonly string[]
  /** Of the devices and the files of cgroup2 that the limits of the stack file name, those that this host certainly does not have. */
  absentDevices: readonly string[]
  absentFiles: readonly string[]
  /** The processors that are there, as cpuset(7) writes lists: `0-3`; absent where no limit of the stack file names any. */
  processors?: string
  /** Of the kernel parameters that the stack file names those that this kernel certainly does not have, each with the nearest one; "": none is near. */
  absentSysctls?: { readonly [name: string]: string }
  /** Of the paths under `devices` those at which this host has no device. */
  absentNodes: readonly string[]
  /** Of the links that interfaces lie on, and their kinds; absent where the stack file names none. */
  links?: {
    /** By name, of links of the host. */
    mtus: { readonly [link: string]: number }
    /** Kinds that this kernel certainly does not have, each with the kernel's answer. */
    lacking: { readonly [kind: string]: string }
    /** By name, the devices that are to be lent, or are: why one cannot be. */
    devices?: { readonly [device: string]: { why?: string } }
    /** By their names, secrets that are to be keys of WireGuard: why one is none. */
    keys?: { readonly [secret: string]: string }
  }
  /** Addresses of bridges in whose subnets, or around them, others are, which is where packets for them may go, or no more; absent: none. */
  subnets?: readonly SubnetFact[]
  /** Absent where no packets are to be passed on for the stack. */
  packets?: PacketFacts
  /** Of the images that the stack file names, those that are no folder: `dir:/srv/rootfs`. */
  absentImages: readonly string[]
  /** Of what the stack file wants mounted, those folders and files of the host that are not there. */
  absentSources: readonly string[]
  /** By address, of containers whose image is there: targets at which nothing can be mounted. Absent where no container has any. */
  targetFaults?: { readonly [address: string]: readonly TargetFault[] }
  /** Of the users that the stack file names, those that their image does not have, and what there is to say about each. */
  unknownUsers: readonly { image: string; user: string; group_add: readonly string[]; diagnostics: readonly Diagnostic[] }[]
  /** Ids of those that it has. */
  knownUsers: readonly { image: string; user: string; group_add: readonly string[]; uid: number; gid: number; groups: readonly number[] }[]
}
