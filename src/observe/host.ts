import { DiagnosticError } from "../base/diagnostic.ts"
import { parseMountinfo } from "../base/mountinfo.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { Limits } from "../kinds/cgroup/spec.ts"
import { deviceAt } from "../kinds/container/devices.ts"
import type { Who } from "../kinds/container/identity.ts"
import { lookupUser } from "../kinds/container/identity.ts"
import { imageTops } from "../kinds/container/image-tops.ts"
import { bootId, parseRecord } from "../kinds/container/record.ts"
import type { ContainerAttributes, IdRange } from "../kinds/container/spec.ts"
import type { DeviceNode } from "../kinds/container/spec-devices.ts"
import { givensIn } from "../kinds/container/spec-given.ts"
import { bindSources } from "../kinds/container/spec-mounts.ts"
import { hasTargets, targetFaultsReader } from "../kinds/container/target-faults.ts"
import type { Scope } from "../model/driver.ts"
import { ROOTLESS, RUN_ROOT } from "../model/ownership.ts"
import type { Desired, HostFacts } from "../model/resource.ts"
import { impairFacts } from "./host-netem.ts"
import { idHolders } from "./id-holders.ts"
import { linkFacts } from "./link-facts.ts"
import { packetFacts } from "./packet-facts.ts"
import { stackNames } from "./run-folder.ts"
import { subnetFacts } from "./subnet-facts.ts"
import { sysctlFacts } from "./sysctl-facts.ts"
import { rangesOf } from "./whose.ts"

/** Capabilities that applying needs, by number. capabilities(7) */
const NEEDED: readonly (readonly [string, number])[] = [
  ["CAP_CHOWN", 0],
  ["CAP_DAC_OVERRIDE", 1],
  ["CAP_KILL", 5],
  ["CAP_SETGID", 6],
  ["CAP_SETUID", 7],
  ["CAP_NET_ADMIN", 12],
  ["CAP_SYS_PTRACE", 19],
  ["CAP_SYS_ADMIN", 21],
]

/** To look into a container: its run folder, the namespaces that its monitor holds, and the network in them (setns(2)). */
const TO_READ: typeof NEEDED = [
  ["CAP_DAC_READ_SEARCH", 2],
  ["CAP_SYS_PTRACE", 19],
  ["CAP_SYS_ADMIN", 21],
]
/** Who may go past permissions altogether may do so to read. */
const INCLUDES: { readonly [name: string]: number } = { CAP_DAC_READ_SEARCH: 1 }

/** Where a root without an entry in /etc/subuid takes automatic ranges from. */
const ROOT_RANGE = { host: 100_000, count: 65_536 * 16_000 }

/** What planning must know of the host. The ids others hold are read only if a map is to be chosen. */
export function readHostFacts(scope: Scope, controllers: HostFacts["controllers"]): HostFacts {
  const { kernel, desired, cgroups } = scope
  const automatic = desired.resources.some((r) => r.kind === "container" && !Array.isArray(r.attributes.uid_map))
  return {
    identity: { boot: bootId(kernel), netns: kernel.cookie("host") },
    controllers,
    ...(automatic ? idsOfOthers(kernel, desired.stack) : { takenIds: [], closedStacks: [] }),
    ...(automatic || ROOTLESS ? ownIds(kernel) : { subordinateIds: { uid: [], gid: [] } }),
    ...(ROOTLESS ? { rootless: { groups: cgroups.holdingFolder("") !== "", mounts: mountPoints(kernel) } } : {}),
    ...idHolders(scope),
    missingCapabilities: missingCapabilities(kernel),
    missingToRead: missingToRead(kernel),
    ...limitFacts(scope),
    ...sysctlFacts(kernel, desired),
    absentNodes: absentNodes(kernel, desired),
    ...linkFacts(scope),
    ...subnetFacts(scope),
    ...packetFacts(scope),
    ...impairFacts(kernel, desired),
    ...imageFacts(kernel, desired),
    ...targetFacts(kernel, desired),
  }
}

function limitFacts({ kernel, cgroups, desired }: Scope): Pick<HostFacts, "absentDevices" | "absentFiles" | "processors"> {
  const limits = desired.resources.flatMap(({ attributes }) => (attributes.limits === undefined ? [] : [attributes.limits as Limits]))
  const { devices, files } = cgroups.absent(limits.filter(({ io, unified }) => io !== undefined || unified !== undefined))
  const processors = limits.some(({ cpuset }) => cpuset !== undefined) ? kernel.read("/sys/devices/system/cpu/online")?.trim() : undefined
  return { absentDevices: devices, absentFiles: files, ...(processors === undefined ? {} : { processors }) }
}

function absentNodes(kernel: Kernel, { resources }: Desired): string[] {
  const wanted = resources.flatMap(({ attributes: { devices } }) => (devices as unknown as DeviceNode[] | undefined) ?? [])
  return [...new Set(wanted.map(({ source }) => source))].filter((source) => deviceAt(kernel, source) === undefined)
}

type Users = Pick<HostFacts, "unknownUsers" | "knownUsers">

function imageFacts(kernel: Kernel, desired: Desired): Pick<HostFacts, "absentImages" | "absentSources"> & Users {
  const containers = desired.resources.filter((r) => r.kind === "container").map((r) => r.attributes as unknown as ContainerAttributes)
  const images = [...new Set(containers.map(({ image }) => image))]
  const absentImages = images.filter((image) => image.startsWith("dir:") && kernel.stat(image.slice("dir:".length))?.type !== "folder")
  const named = containers.filter(({ image, user, group_add }) => (user !== "" || group_add.length > 0) && !absentImages.includes(image))
  const users = new Map(named.map(({ image, user, group_add }) => [JSON.stringify([image, user, group_add]), { image, user, group_add }]))
  const found = [...users.values()].flatMap((one) => lookedUp(kernel, one))
  const sources = [...new Set(containers.flatMap(({ mounts }) => bindSources(mounts)))]
  const files = [...new Set(containers.flatMap((one) => givensIn(one).flatMap(([, { file }]) => file ?? [])))]
  const absentSources = [
    ...sources.filter((source) => kernel.stat(source) === null),
    ...files.filter((file) => kernel.stat(file)?.type !== "file"),
  ]
  return {
    absentImages,
    absentSources,
    unknownUsers: found.flatMap((one) => one.unknownUsers),
    knownUsers: found.flatMap((one) => one.knownUsers),
  }
}

function targetFacts(kernel: Kernel, { resources }: Desired): Pick<HostFacts, "targetFaults"> {
  const faultsOf = targetFaultsReader(kernel)
  const tops = new Map<string, ReturnType<typeof imageTops>>()
  const found = resources.flatMap(({ kind, address, attributes }) => {
    const container = attributes as unknown as ContainerAttributes
    if (kind !== "container" || !hasTargets(container)) return []
    const { image } = container
    if (!tops.has(image)) tops.set(image, imageTops(kernel, image))
    const known = tops.get(image)
    return known === undefined ? [] : [[address, faultsOf(container, known)] as const]
  })
  return found.length === 0 ? {} : { targetFaults: Object.fromEntries(found) }
}

/** Of an image that is still to be unpacked nothing can be told. */
function lookedUp(kernel: Kernel, who: Who): Users[] {
  const tops = imageTops(kernel, who.image)
  if (tops === undefined) return []
  try {
    return [{ unknownUsers: [], knownUsers: [{ ...who, ...lookupUser(kernel, who, tops) }] }]
  } catch (failure) {
    if (!(failure instanceof DiagnosticError)) throw failure
    return [{ unknownUsers: [{ ...who, diagnostics: failure.diagnostics }], knownUsers: [] }]
  }
}

/** Maps of the other stacks' containers, by their records of this boot. */
export function idsOfOthers(kernel: Kernel, stack: string): Pick<HostFacts, "takenIds" | "closedStacks"> {
  const boot = bootId(kernel)
  const others = stackNames(kernel).filter((name) => name !== stack)
  const folders = others.map((other) => ({ other, names: namesIn(kernel, `${RUN_ROOT}/${other}`) }))
  const paths = folders.flatMap(({ other, names }) => (names ?? []).map((name) => `${RUN_ROOT}/${other}/${name}/spec.json`))
  const takenIds = kernel.readMany(paths).flatMap((text) => {
    const attributes = parseRecord(text, boot)?.attributes
    const maps = [attributes?.uid_map, attributes?.gid_map].filter((m): m is IdRange[] => Array.isArray(m))
    // Who has the ids of an ordinary user has nobody's alone.
    return maps.flat().flatMap(({ container, host, count }) => (container === host ? [] : [{ host, count }]))
  })
  return { takenIds, closedStacks: folders.filter(({ names }) => names === undefined).map(({ other }) => other) }
}

/** Undefined where this process may not look. */
function namesIn(kernel: Kernel, folder: string): string[] | undefined {
  try {
    return kernel.list(folder)
  } catch (failure) {
    if (failure instanceof KernelError && failure.errno === "EACCES") return undefined
    throw failure
  }
}

function mountPoints(kernel: Kernel): string[] {
  return parseMountinfo(kernel.read("/proc/self/mountinfo") ?? "").map(({ target }) => target)
}

type OwnIds = Pick<HostFacts, "subordinateIds" | "idPiece">

function ownIds(kernel: Kernel): OwnIds {
  if (ROOTLESS) return mappedIds(kernel)
  return { subordinateIds: { uid: subordinate(kernel.read("/etc/subuid")), gid: subordinate(kernel.read("/etc/subgid")) } }
}

/** With fewer ids than for so many maps of the usual size, maps are smaller: the usual line of /etc/subuid would be one container's. */
const FEW_MAPS = 16
const USUAL_PIECE = 65_536
const SMALL_PIECE = 4096

/** What an ordinary user may hand on, as it is numbered in its own user namespace: all that is mapped there but for itself, which is 0. */
function mappedIds(kernel: Kernel): OwnIds {
  const ranges = (file: string) => {
    const lines = (kernel.read(`/proc/self/${file}`) ?? "").split("\n").map((line) => line.trim().split(/\s+/).map(Number))
    return lines.flatMap(([host = 0, , count = 0]) => (host === 0 ? [] : [{ host, count }]))
  }
  const subordinateIds = { uid: ranges("uid_map"), gid: ranges("gid_map") }
  const least = Math.min(...Object.values(subordinateIds).map((all) => all.reduce((sum, { count }) => sum + count, 0)))
  return { subordinateIds, idPiece: least < FEW_MAPS * USUAL_PIECE ? SMALL_PIECE : USUAL_PIECE }
}

/** Root's lines of /etc/subuid or /etc/subgid. */
function subordinate(text: string | null): { host: number; count: number }[] {
  const own = rangesOf(text, { uid: 0, name: "root" }).map(({ first, count }) => ({ host: Number(first), count: Number(count) }))
  return own.length > 0 ? own : [ROOT_RANGE]
}

/** Effective capabilities that applying needs (or those of `needed`) and this process lacks, by name. */
export function missingCapabilities(kernel: Kernel, needed: readonly (readonly [string, number])[] = NEEDED): string[] {
  const status = kernel.read("/proc/self/status")
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status ?? "")?.[1] ?? "0"}`)
  const has = (bit: number) => (mask & (1n << BigInt(bit))) !== 0n
  return needed.filter(([name, bit]) => !has(bit) && !has(INCLUDES[name] ?? bit)).map(([name]) => name)
}

/** The same of reading what is live. */
export function missingToRead(kernel: Kernel): string[] {
  return missingCapabilities(kernel, TO_READ)
}
