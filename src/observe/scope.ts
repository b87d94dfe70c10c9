import type { Kernel, Link, NetDump, Visited } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import { beginContainers } from "../kinds/container/observe.ts"
import { bootId, parseRecord, recordPath } from "../kinds/container/record.ts"
import { tableOf } from "../kinds/nat/spec.ts"
import type { Scope, StackGroups } from "../model/driver.ts"
import { LAYER_ROOT, RUN_ROOT } from "../model/ownership.ts"
import type { Desired } from "../model/resource.ts"
import { readApplied } from "./applied.ts"
import { allTold, monitorPaths, monitorsIn, readMonitors } from "./monitors.ts"
import { strayMonitors } from "./strays.ts"

/** What a reading begins with, for which no more than the stack's name need be known: who is there, and a round through their namespaces that goes on. */
export interface Begun extends Pick<Scope, "runFolders" | "layers" | "monitors" | "containerTexts"> {
  visited: Visited
  /** Of every command that has ended its monitor had written how, before that began to be read. */
  told: boolean
}

/** In two steps, as who is there tells where to go: the first is done beside what the caller does before it takes the second. */
export function beginReading(kernel: Kernel, stack: string, cgroups: StackGroups): () => Begun {
  const runFolders = namesIn(kernel, `${RUN_ROOT}/${stack}`)
  const pids = cgroups.monitors()
  const texts = kernel.readBeside(monitorPaths(kernel, pids))
  return () => {
    const monitors = withStrays(kernel, stack, { pids, found: monitorsIn(kernel, stack, pids, texts()), runFolders })
    const who = { runFolders, layers: namesIn(kernel, `${LAYER_ROOT}/${stack}`), monitors }
    const visited = kernel.visit(wantedVisits(monitors))
    const told = allTold(kernel, stack, monitors)
    return { ...who, visited, told, containerTexts: once(beginContainers({ kernel, stack, ...who })) }
  }
}

/** The shared reading of one observation: the host's links once, the monitors once, each container's namespaces at most once, and beside the rest. */
export function makeScope(
  kernel: Kernel,
  desired: Desired,
  cgroups: StackGroups,
  begun = beginReading(kernel, desired.stack, cgroups)(),
): Scope {
  const stack = desired.stack
  const { runFolders, layers, monitors, visited, containerTexts } = begun
  const host = once(() => visited.dump("host"))
  const rules = once(() => kernel.readRules(tableOf(stack)))
  const byIndex = once(() => new Map(host().links.map((link): [number, Link] => [link.index, link])))
  const dumps = new Map<string, NetDump | undefined>()
  const resources = new Map(desired.resources.map((r) => [r.address, r]))
  const wanted = desired.resources.filter((r) => r.kind === "container").map((r) => r.name)
  return {
    kernel,
    stack,
    desired,
    cgroups,
    containers: new Set([...wanted, ...monitors.keys(), ...runFolders, ...layers]),
    runFolders,
    layers,
    groupsBeingLeft: (names) => {
      const suspicious = [...monitors.values()].some(({ renamed }) => renamed) || names.some((name) => !resources.has(`cgroup.${name}`))
      return names.length > 0 && suspicious ? groupsBeingLeft(kernel, stack, runFolders) : new Set()
    },
    get host() {
      return host()
    },
    rules,
    monitors,
    containerTexts,
    applied: once(() => readApplied(kernel, stack, bootId(kernel))),
    linkByIndex: (index) => byIndex().get(index),
    resource: (address) => resources.get(address),
    dumpOf(container) {
      if (!dumps.has(container))
        dumps.set(
          container,
          readOf(monitors.get(container)?.netns, (netns) => visited.dump(netns)),
        )
      return dumps.get(container)
    },
    routingOf: (container) => readOf(monitors.get(container)?.netns, (netns) => kernel.routing(netns)),
    hostnameOf(container) {
      const utsns = monitors.get(container)?.utsns
      return utsns === undefined ? undefined : visited.read(utsns, HOSTNAME)?.trim()
    },
  }
}

interface Members {
  pids: readonly number[]
  found: Scope["monitors"]
  runFolders: ReadonlySet<string>
}

/** With those that are not in the group of monitors. */
function withStrays(kernel: Kernel, stack: string, { pids, found, runFolders }: Members): Scope["monitors"] {
  const strays = strayMonitors(kernel, stack, new Set(found.keys()), runFolders)
  return strays.length === 0 ? found : readMonitors(kernel, stack, [...pids, ...strays])
}

/** Not before it is needed: the kinds begin readings of their own first. */
function once<T>(read: () => T): () => T {
  let known: T | undefined
  return () => (known ??= read())
}

/** The records are only asked where something looks like it: a group that nobody wants, a monitor that is not called as it was born. */
function groupsBeingLeft(kernel: Kernel, stack: string, runFolders: ReadonlySet<string>): Set<string> {
  const boot = bootId(kernel)
  const texts = kernel.readMany([...runFolders].map((name) => recordPath(stack, name)))
  return new Set(texts.flatMap((text) => parseRecord(text, boot)?.moving?.groups ?? []))
}

/** Folders of containers: beside them stand the lock and what is being written. */
function namesIn(kernel: Kernel, folder: string): Set<string> {
  return new Set(kernel.list(folder).filter((name) => name !== "lock" && !name.startsWith(".")))
}

const HOSTNAME = "/proc/sys/kernel/hostname"

function wantedVisits(monitors: Scope["monitors"]): Parameters<Kernel["visit"]>[0] {
  const all = [...monitors.values()]
  return {
    dumps: ["host", ...all.flatMap(({ netns }) => netns ?? [])],
    files: all.flatMap(({ utsns }) => (utsns === undefined ? [] : [{ namespace: utsns, path: HOSTNAME }])),
  }
}

/** A namespace whose monitor ended meanwhile is as good as none. */
function readOf<T>(netns: string | undefined, read: (netns: string) => T): T | undefined {
  if (netns === undefined) return undefined
  try {
    return read(netns)
  } catch (failure) {
    if (failure instanceof KernelError && (failure.errno === "ENOENT" || failure.errno === "ESRCH")) return undefined
    throw failure
  }
}
