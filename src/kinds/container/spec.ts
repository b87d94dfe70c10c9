import type { ResolvConf } from "../../base/resolv-conf.ts"
import type { Profile } from "../../seccomp/profile.ts"
import type { Limits } from "../cgroup/spec.ts"
import type { HostsFile } from "../hosts/spec.ts"
import type { DeviceNode } from "./spec-devices.ts"
import type { Givens } from "./spec-given.ts"
import type { Condition, Healthcheck, HealthcheckWords } from "./spec-health.ts"
import type { Life } from "./spec-life.ts"
import type { Mounts } from "./spec-mounts.ts"
import type { NeighbourSpec, RouteSpec, RuleSpec } from "./spec-routing.ts"
import type { Ulimits } from "./spec-ulimits.ts"

export type NamespaceMode = "new" | "host" | `container:${string}`

/** One line of a map: `container` ids from here stand for `host` ids from there, `count` of them. user_namespaces(7) */
export interface IdRange {
  container: number
  host: number
  count: number
}

/** What is not there is the image's to say. A file's `entrypoint` goes without the image's command. */
export interface OfFile {
  entrypoint?: string[]
  command?: string[]
  working_dir?: true
  user?: true
  stop_signal?: true
  healthcheck?: HealthcheckWords
}

/** A container, in canonical form. */
export interface ContainerAttributes extends Life, ResolvConf {
  /** `host`, `dir:/absolute/path`, or of a kept image its source and, once it is settled, its digest: `tar:/absolute/path#sha256:…`. */
  image: string
  /** Until the image's own configuration is known: what the file says itself of what that could say. */
  of_file?: OfFile
  /** What it writes to its root is kept on a tmpfs, as long as its command runs. */
  ephemeral: boolean
  /** Nothing is written to its root at all. */
  read_only: boolean
  /** By target. Beside them stand those that every container has: /proc, /sys, /dev. */
  mounts: Mounts
  secrets: Givens
  configs: Givens
  /** entrypoint, then command. */
  argv: string[]
  environment: { [name: string]: string }
  working_dir: string
  /** As written: `uid`, `uid:gid`, names or numbers; "" is `0:0`. Names are looked up in the image. */
  user: string
  /** Groups that the command is in besides, sorted; names are looked up in the image. */
  group_add: string[]
  hostname: string
  /** What it sees at /etc/hosts. */
  hosts: HostsFile
  /** Both `[]` when the user namespace is not its own; `{auto: size}` until the planner has chosen. `orLess`: a size that nobody wrote. */
  uid_map: IdRange[] | { auto: number; orLess?: true }
  gid_map: IdRange[] | { auto: number; orLess?: true }
  /** The parent's name (`cgroups:`), or "". */
  cgroup: string
  limits: Limits
  routes: RouteSpec[]
  /** Absent: none. */
  rules?: RuleSpec[]
  /** Absent: none. */
  neighbours?: NeighbourSpec[]
  sysctls: { [name: string]: string }
  /** What its root keeps of its power: names without `CAP_`, in the order of their numbers. capabilities(7) */
  capabilities: string[]
  /** No exec gives it more than it has. no_new_privs, prctl(2) */
  no_new_privileges: boolean
  /** `default`, `unconfined`, or `file:/absolute/path#DIGEST` of what the file holds. */
  seccomp: string
  /** What such a file holds. */
  seccomp_profile?: Profile
  /** Paths of /proc and /sys that are not masked or read-only, though they usually are; `ALL`. */
  unmask: string[]
  /** No device is refused; those of the host's that are named have a node all the same. */
  all_devices: boolean
  /** Of the host's devices those that it may use beside the usual ones, sorted by where they are in it. */
  devices: DeviceNode[]
  /** Bounds of each of its processes, of those that are named. */
  ulimits: Ulimits
  /** -1000 to 1000. proc_pid_oom_score_adj(5) */
  oom_score_adj: number
  namespaces: {
    user: NamespaceMode
    mount: NamespaceMode
    pid: NamespaceMode
    net: NamespaceMode
    ipc: NamespaceMode
    uts: NamespaceMode
    cgroup: NamespaceMode
  }
  labels: { [name: string]: string }
  /** Addresses of containers that must have started before. */
  depends_on: string[]
  /** Of those, by address, what must be true of them besides. */
  conditions: { [address: string]: Condition }
  /** `{}`: nobody asks whether it is healthy. */
  healthcheck: Healthcheck | Record<string, never>
  /** Desired is always `running`; observed may be how it has ended, too (`endedState`). */
  state: string
}
