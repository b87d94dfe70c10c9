import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { LiveMonitor, Reading, Scope } from "../../model/driver.ts"
import { layerFolderOf, runFolderOf } from "../../model/ownership.ts"
import type { Attributes, Observed, Value } from "../../model/resource.ts"
import { endedState } from "./ending.ts"
import type { ContainerFiles } from "./files.ts"
import { containerFiles, containerPaths, FILES } from "./files.ts"
import { parseMap } from "./id-map.ts"
import { groupPath } from "./kind-group-path.ts"
import { observedDns, observedHosts } from "./names.ts"
import { heldFiles, namespacePaths, observedNamespaces } from "./namespaces.ts"
import { observedPrograms } from "./observe-devices.ts"
import type { Checked } from "./observe-health.ts"
import { checkInForce, observedHealth } from "./observe-health.ts"
import type { MountReading } from "./observe-mounts.ts"
import { observedMounts, readMounts } from "./observe-mounts.ts"
import { recordedAttributes, recordedMap, remainingAttributes } from "./observe-recorded.ts"
import type { Restarts } from "./observe-restarts.ts"
import { isPausing, observedRestarts, shownRestarts, withoutProcess } from "./observe-restarts.ts"
import { observedPower, observedUlimits } from "./power.ts"
import type { ContainerRecord, ReadRecord } from "./record.ts"
import { bootId, readRecord, recordPath } from "./record.ts"
import { observedRouting } from "./routing.ts"
import type { ContainerAttributes } from "./spec.ts"
import { NEVER_STARTED, UNSTARTED } from "./spec-life.ts"
import { isStopped } from "./stopped.ts"
import { observedSysctls } from "./sysctls.ts"
import { observedWays } from "./ways.ts"

type Whose = Pick<Scope, "kernel" | "stack" | "monitors" | "runFolders" | "layers">

/** All containers of the stack: those with a monitor, and what a killed one left behind. */
function namesOf({ monitors, runFolders, layers }: Whose): string[] {
  return [...new Set([...monitors.keys(), ...runFolders, ...layers])].sort()
}

/** Begins to read their files, and those that tell of their namespaces, beside what the caller does. */
export function beginContainers(whose: Whose): () => (string | null)[] {
  return whose.kernel.readBeside([...containerPaths(whose, namesOf(whose)), ...namespacePaths(whose)])
}

/** All of them, by what was begun to be read. */
export function observeContainers(scope: Scope): Reading {
  const names = namesOf(scope)
  const texts = scope.containerTexts()
  return containersOf(scope, names, texts.slice(0, FILES * names.length), texts.slice(FILES * names.length))
}

type Texts = readonly (string | null)[]

/** `texts` of their files, `links` of their namespaces. */
function containersOf(scope: Scope, names: readonly string[], texts: Texts, links: Texts): Reading {
  const boot = bootId(scope.kernel)
  const files = containerFiles(scope, names, texts)
  const read = new Map(names.map((name) => [name, readRecord(files.get(name)?.record ?? null, boot)]))
  requireUnderstood(scope, read)
  const records = new Map([...read].map(([name, { record }]) => [name, record]))
  const namespaces = observedNamespaces(scope, modesOf(records), links, completedOf(scope, files, records))
  const programs = observedPrograms(scope, records)
  const mounts = readMounts(scope, records)
  const checked = observedHealth(scope, records)
  const restarts = observedRestarts(scope, records)
  const others = layersOfOthers(scope, records)
  const resources = names
    .filter((name) => !others.has(name))
    .map((name) => {
      const texts = files.get(name) as ContainerFiles
      const record = records.get(name)
      const monitor = scope.monitors.get(name)
      const spaces = namespaces.get(name)
      return monitor === undefined
        ? remains(scope, name, record, whyGone(scope, name, read.get(name) ?? {}))
        : observed({
            scope,
            name,
            monitor: isPausing(texts, restarts.get(name)) ? withoutProcess(monitor) : monitor,
            texts,
            record,
            spaces,
            mounts: mounts.get(name),
            program: programs.get(name),
            checked: checked.get(name),
            restarts: restarts.get(name),
          })
    })
  return { resources, foreign: [] }
}

/** Those that are not started again. */
function completedOf(
  { monitors }: Scope,
  files: ReadonlyMap<string, ContainerFiles>,
  records: ReadonlyMap<string, ContainerRecord | undefined>,
): Set<string> {
  const ended = [...monitors.values()].filter(({ init }) => init === undefined).map(({ container }) => container)
  return new Set(ended.filter((name) => !records.get(name)?.unstarted && files.get(name)?.state.exit === "0"))
}

/** Writable layers that have the former name of a container yet: there is no container of that name. */
function layersOfOthers({ monitors, runFolders }: Scope, records: ReadonlyMap<string, ContainerRecord | undefined>): Set<string> {
  const moving = [...records].flatMap(([name, record]) =>
    record?.moving === undefined || record.moving.layer === name ? [] : record.moving.layer,
  )
  return new Set(moving.filter((layer) => !monitors.has(layer) && !runFolders.has(layer)))
}

/** Where it is kept, and what an apply that was killed has left of its renaming. `seen`: the group that its process is in, or "". */
function keptAt(scope: Scope, name: string, record: ContainerRecord | undefined, seen: string): Kept {
  const { moving } = record ?? {}
  const made = record === undefined ? seen || name : groupPath(name, record.attributes)
  const groups = (moving?.groups ?? []).filter((group) => isOwn(scope, name, group))
  const live = {
    runFolder: runFolderOf(scope.stack, name),
    layer: layerFolderOf(scope.stack, moving === undefined || scope.layers.has(name) ? name : moving.layer),
    cgroup: groups.includes(seen) ? seen : (groups[0] ?? made),
    ...(moving === undefined ? {} : { groups: groups.length === 0 ? [made] : groups }),
  }
  if (moving === undefined) return { live }
  return { ...(moving.layer === name ? {} : { movedFrom: `container.${moving.layer}` }), unfinished: "its move was cut short", live }
}

type Kept = Pick<Observed, "movedFrom" | "unfinished" | "live">

/** False of a group that by now is another container's. */
function isOwn({ monitors, runFolders }: Scope, name: string, group: string): boolean {
  const called = group.slice(group.lastIndexOf("/") + 1)
  return called === name || (!monitors.has(called) && !runFolders.has(called))
}

/** A record that is no record is somebody's doing, whom nothing is taken from: without one, the container is made anew. */
function requireUnderstood(scope: Scope, read: ReadonlyMap<string, ReadRecord>): void {
  const problems = [...read].flatMap(([name, { problem }]) => {
    if (problem === undefined) return []
    const path = recordPath(scope.stack, name)
    const summary = `the record of container.${name} cannot be understood: ${path}: ${problem}`
    return [
      error("unsound-record", summary, {
        address: `container.${name}`,
        hint: `remove it (rm ${path}): the next apply makes the container anew`,
      }),
    ]
  })
  if (problems.length > 0) throw new DiagnosticError(...problems)
}

function modesOf(records: ReadonlyMap<string, ContainerRecord | undefined>): Map<string, ContainerAttributes["namespaces"]> {
  const known = [...records].filter((entry): entry is [string, ContainerRecord] => entry[1] !== undefined)
  return new Map(known.map(([name, record]) => [name, record.attributes.namespaces]))
}

/**
 * A run folder is the first thing an apply makes of a container, and the last it removes; only a reboot leaves a layer without
 * one. Nothing tells then which image and ids the layer was made for, so that it goes with what is made anew.
 */
function remains(scope: Scope, name: string, record: ContainerRecord | undefined, why: string): Observed {
  return {
    kind: "container",
    address: `container.${name}`,
    name,
    attributes: { ...(record === undefined ? {} : remainingAttributes(record.attributes)), state: record?.unstarted ? UNSTARTED : "gone" },
    ...keptAt(scope, name, record, ""),
    incomplete: why,
  }
}

const BOOTED = "the machine was booted since it was made"

function whyGone(scope: Scope, name: string, { earlier, record }: ReadRecord): string {
  if (earlier) return BOOTED
  if (record?.unstarted) return NEVER_STARTED
  return scope.runFolders.has(name) ? "its monitor is gone" : `${BOOTED}: only its writable layer is left`
}

interface Found {
  scope: Scope
  name: string
  monitor: LiveMonitor
  texts: ContainerFiles
  record: ContainerRecord | undefined
  spaces: ContainerAttributes["namespaces"] | undefined
  mounts: MountReading | undefined
  /** Whether its group is held to its devices, where that can be told. */
  program: string | undefined
  /** Of one that has a healthcheck by its record. */
  checked: Checked | undefined
  /** Of one that has a policy by its record. */
  restarts: Restarts | undefined
}

function observed(found: Found): Observed {
  const { scope, name, monitor, texts, record } = found
  const state = stateOf(found)
  const { live, ...kept } = keptAt(scope, name, record, texts.cgroup)
  const unfinished = monitor.beside === undefined ? kept : { ...kept, unfinished: "its restart was cut short" }
  return {
    kind: "container",
    address: `container.${name}`,
    name,
    attributes: attributesOf(found, state),
    ...(state === "starting" ? { incomplete: NEVER_STARTED } : {}),
    ...(record === undefined ? { incomplete: "the record of what was applied is gone" } : {}),
    ...(state !== "completed" && record !== undefined && hasLostLayer(scope, name, record)
      ? { incomplete: "its writable layer is gone" }
      : {}),
    ...unfinished,
    live: {
      ...live,
      monitor: { pid: monitor.pid, startTime: monitor.startTime },
      ...(monitor.beside === undefined ? {} : { beside: monitor.beside.map((one) => ({ ...one })) }),
      ...(monitor.init === undefined ? {} : { init: { ...monitor.init }, pid: monitor.init.pid }),
      ...heldFiles(monitor),
      ...observedWays(scope, name, record),
      ...exitFields(texts),
      ...(found.checked?.health === undefined ? {} : { health: { ...found.checked.health } }),
      ...(found.restarts === undefined ? {} : { restarts: { ...shownRestarts(texts, found.restarts, record) } }),
    },
  }
}

/** Its root is then folders without a name: nothing new can be mounted there, and no command started again. */
function hasLostLayer({ layers }: Scope, name: string, { attributes, moving }: ContainerRecord): boolean {
  return attributes.namespaces.mount === "new" && !layers.has(name) && !layers.has(moving?.layer ?? name)
}

/** `running`, `restarting`, how it has ended (`endedState`); `starting` while its process waits for "go". */
function stateOf({ monitor, texts, record, restarts }: Found): string {
  if (monitor.init !== undefined) return monitor.parked ? "starting" : "running"
  // However the one before has ended, this one has not.
  if (record?.unstarted) return UNSTARTED
  if (isPausing(texts, restarts)) return "restarting"
  return endedState(texts.state, record?.attributes)
}

function exitFields({ state }: ContainerFiles): { [key: string]: Value } {
  return state.exit === undefined ? {} : { exit_code: Number(state.exit) }
}

/**
 * A command that has ended has no process to read from: what its record says stands, but for its state, and for what is in the
 * namespaces that its monitor keeps.
 */
function attributesOf(found: Found, state: string): Attributes {
  const { scope, name, record, monitor } = found
  const recorded = record === undefined ? {} : recordedAttributes(record.attributes)
  const inForce = {
    ...(found.restarts === undefined ? {} : { restart: found.restarts.policy }),
    ...checkInForce(found.checked, record),
  }
  if (monitor.init === undefined)
    return {
      ...(record?.attributes as unknown as Attributes),
      ...inForce,
      ...(monitor.netns === undefined ? {} : observedRouting(scope, name, monitor, record)),
      ...loopback(scope, name),
      ...(found.texts.frozen ? { frozen: true } : {}),
      ...(record === undefined ? {} : heldHostname(scope, name, record)),
      ...(record === undefined ? {} : { sysctls: observedSysctls(scope, name, { ...monitor, gidMap: recordedMap(record) }, record) }),
      state,
    }
  return Object.assign(recorded, liveAttributes(found), inForce, { state })
}

function heldHostname(scope: Scope, name: string, { attributes: { namespaces, hostname } }: ContainerRecord): Attributes {
  return { hostname: (namespaces.uts === "new" ? scope.hostnameOf(name) : undefined) ?? hostname }
}

/** Nothing where the container has no network namespace of its own, nor joins one. */
function loopback(scope: Scope, name: string): Attributes {
  const lo = scope.dumpOf(name)?.links.find((link) => link.name === "lo")
  return lo === undefined ? {} : { loopback: lo.up ? "up" : "down" }
}

function wantedUlimits(scope: Scope, name: string): ContainerAttributes["ulimits"] {
  const resource = scope.resource(`container.${name}`)
  return resource === undefined ? {} : (resource.attributes as unknown as ContainerAttributes).ulimits
}

function liveAttributes({ scope, name, monitor, texts, record, spaces, mounts, program }: Found): Attributes {
  const own = (kind: "net" | "uts" | "user") => spaces?.[kind] === "new"
  return {
    hostname: (own("uts") ? scope.hostnameOf(name) : undefined) ?? record?.attributes.hostname ?? "",
    uid_map: own("user") ? (parseMap(texts.uidMap) as unknown as Value) : [],
    gid_map: own("user") ? (parseMap(texts.gidMap) as unknown as Value) : [],
    hosts: observedHosts(scope, name, texts.hosts, record),
    ...observedDns(scope, name, texts.resolver, record),
    cgroup: texts.parent,
    limits: texts.limits as unknown as Value,
    ...observedRouting(scope, name, monitor, record),
    ...loopback(scope, name),
    ...(texts.frozen ? { frozen: true } : {}),
    ...(isStopped(texts.status) ? { stopped: true } : {}),
    sysctls: observedSysctls(scope, name, { ...monitor, gidMap: parseMap(texts.gidMap) }, record),
    ...(record === undefined ? {} : (observedMounts(scope.stack, mounts, record) as unknown as Attributes)),
    ...(record === undefined ? {} : (observedPower(texts.status, record.attributes) as unknown as Attributes)),
    ...(program === undefined ? {} : { device_program: program }),
    ulimits: observedUlimits(texts.ulimits, wantedUlimits(scope, name), record?.attributes.ulimits ?? {}) as unknown as Value,
    oom_score_adj: Number(texts.oomScoreAdj ?? record?.attributes.oom_score_adj ?? 0),
    ...(spaces === undefined ? {} : { namespaces: spaces as unknown as Value }),
  }
}
