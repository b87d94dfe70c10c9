import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { StackGroups } from "../../model/driver.ts"
import type { Kernel } from "../kernel.ts"
import { KernelError } from "../kernel.ts"

/** What the title of a monitor of this stack begins with; monitorTitle of src/model/ownership.ts. */
const TITLE = "stack-monitor"

/**
 * The groups of a stack where this user may make none: there are none. Containers live without, in pid namespaces of their own, which end
 * with their first process; a limit is refused. Monitors are those in this user namespace that say that they are.
 */
export function withoutGroups(kernel: Kernel, stack: string): StackGroups {
  const refuse = () => {
    throw new KernelError(`make a group of stack ${stack}`, "EACCES", "no group of cgroups belongs to this user")
  }
  const none = () => undefined
  return {
    groups: () => [],
    limits: (paths) => new Map(paths.map((path) => [path, {}])),
    absent: () => ({ devices: [], files: [] }),
    unheld: () => [],
    gather: none,
    holdingPath: none,
    holdingFolder: () => "",
    members: (paths) => new Map(paths.map((path) => [path, []])),
    monitors: () => withoutTheirs(kernel, stack, monitorsOf(kernel, stack)),
    monitorsOf: (other) => monitorsOf(kernel, other),
    allow: none,
    held: () => new Map(),
    prepareMonitors: none,
    make: (_path, limits) => (isEmpty(limits) ? undefined : refuse()),
    foldersOf: () => ({ cgroup2: "", cgroups1: [], monitorCgroup2: "", monitorCgroups1: [] }),
    change: (_path, _before, after) => (isEmpty(after) ? undefined : refuse()),
    foreign: none,
    unmarked: () => ({ paths: [], inner: 0, units: 0 }),
    adopt: refuse,
    giveBack: refuse,
    succeed: none,
    moveAll: none,
    frozen: () => new Set(),
    frozenAt: none,
    frozenAbove: none,
    requireRunning: none,
    freeze: none,
    thaw: none,
    kill: none,
    remove: none,
    tidy: none,
  }
}

function isEmpty(limits: Limits): boolean {
  return Object.keys(limits).length === 0
}

/** What was begun in delegated groups can be told and ended from in there alone. Throws a DiagnosticError. */
function withoutTheirs(kernel: Kernel, stack: string, pids: readonly number[]): number[] {
  const groups = kernel.readMany(pids.map((pid) => `/proc/${pid}/cgroup`))
  const [place] = groups.flatMap((text) => text?.split("\n").find((line) => line.includes(`/stack/${stack}/`)) ?? [])
  if (place === undefined) return [...pids]
  throw new DiagnosticError(
    error("other-groups", `stack ${stack} is in cgroups that were delegated to this user, and this command is not below them`, {
      detail: place.slice(place.lastIndexOf(":") + 1),
      hint: "run it from where they are this user's: systemd-run --user --scope -p Delegate=yes stack …",
    }),
  )
}

/** Of all processes: another user's are in another user namespace, whatever they call themselves. */
function monitorsOf(kernel: Kernel, stack: string): number[] {
  const pids = kernel.list("/proc").filter((name) => /^[0-9]+$/.test(name))
  const titles = kernel.readMany(pids.map((pid) => `/proc/${pid}/cmdline`))
  const called = pids.filter((_, i) => titles[i]?.startsWith(`${TITLE} ${stack} `))
  const [own, ...namespaces] = kernel.readMany(["self", ...called].map((pid) => `@/proc/${pid}/ns/user`))
  return called.filter((_, i) => namespaces[i] === own).map(Number)
}
