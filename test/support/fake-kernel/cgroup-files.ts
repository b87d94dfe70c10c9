import { formatCpuList, parseCpuList } from "../../../src/base/cpu.ts"
import { deviceFiles } from "./cgroup-devices.ts"
import type { Group } from "./cgroups.ts"
import { refuse } from "./machine.ts"
import type { TextFile } from "./tree.ts"
import { kernelFile } from "./tree.ts"

const PAGE = 4096n
const UNLIMITED = ((1n << 63n) - 1n) & ~(PAGE - 1n)
const MOST_PIDS = 4_194_304

/** How one file takes a text: the value it holds from then on, as it gives it back. */
type Accept = (text: string, group: Group, refuse: (errno: string) => never) => string

interface Rule {
  file: string
  initial: string
  accept: Accept
  /** Not in the hierarchy's root. */
  notInRoot?: boolean
}

/** A file of a limit on one line. */
function rule(file: string, initial: string, accept: Accept): Rule {
  return { file, initial, accept, notInRoot: true }
}

function memory2(text: string, refuseWith: (errno: string) => never): string {
  if (text === "max") return "max"
  const bytes = sizeOf(text) ?? refuseWith("EINVAL")
  return bytes >= UNLIMITED ? "max" : `${(bytes / PAGE) * PAGE}`
}

/** memparse(): a number with K, M, G behind it. */
function sizeOf(text: string): bigint | undefined {
  const [, digits, unit = ""] = /^(\d+)([KMGT]?)$/i.exec(text) ?? []
  return digits === undefined ? undefined : BigInt(digits) << BigInt(["", "K", "M", "G", "T"].indexOf(unit.toUpperCase()) * 10)
}

function memory1(text: string, refuseWith: (errno: string) => never): bigint {
  if (text === "-1") return UNLIMITED
  const bytes = sizeOf(text) ?? refuseWith("EINVAL")
  return bytes >= UNLIMITED ? UNLIMITED : (bytes / PAGE) * PAGE
}

const LIMIT = "memory.limit_in_bytes"
const SUM = "memory.memsw.limit_in_bytes"

const whole =
  (least: number, most: number, errno: string): Accept =>
  (text, _group, refuseWith) =>
    /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? `${Number(text)}` : refuseWith(errno)

const quota2: Accept = (text, group, refuseWith) => {
  const [quota = "", period = group.values.get("cpu.max")?.split(" ")[1] ?? "100000"] = text.split(/\s+/)
  if (Number(period) < 1000 || Number(period) > 1_000_000) refuseWith("EINVAL")
  if (quota !== "max" && !(Number(quota) >= 1000)) refuseWith("EINVAL")
  return `${quota} ${period}`
}

/** v1 lets no group have more than the one above. */
const quota1: Accept = (text, group, refuseWith) => {
  const quota = Number(text)
  if (quota < 0) return "-1"
  if (!(quota >= 1000)) refuseWith("EINVAL")
  const share = quota / Number(group.values.get("cpu.cfs_period_us"))
  if (share > shareAbove(group.parent)) refuseWith("EINVAL")
  return text
}

function shareAbove(group: Group | undefined): number {
  if (group === undefined) return Number.POSITIVE_INFINITY
  const quota = Number(group.values.get("cpu.cfs_quota_us") ?? -1)
  return quota < 0 ? shareAbove(group.parent) : quota / Number(group.values.get("cpu.cfs_period_us"))
}

function cpus(text: string, group: Group, refuseWith: (errno: string) => never): string {
  const list = parseCpuList(text) ?? refuseWith("EINVAL")
  const rootCpus = parseCpuList(rootOf(group).values.get("cpuset.cpus") ?? "") ?? []
  if (list.some((cpu) => !rootCpus.includes(cpu))) refuseWith("ERANGE")
  return formatCpuList(list)
}

function rootOf(group: Group): Group {
  return group.parent === undefined ? group : rootOf(group.parent)
}

/** Within the list of the group above, around the lists of those below; never empty with members. */
function cpuset1(file: string): Accept {
  return (text, group, refuseWith) => {
    const value = cpus(text, group, refuseWith)
    const list = parseCpuList(value) ?? []
    const above = parseCpuList(group.parent?.values.get(file) ?? value) ?? []
    if (list.some((cpu) => !above.includes(cpu))) refuseWith("EACCES")
    for (const child of group.groups.values())
      if ((parseCpuList(child.values.get(file) ?? "") ?? []).some((cpu) => !list.includes(cpu))) refuseWith("EBUSY")
    if (list.length === 0 && group.members.size > 0) refuseWith("ENOSPC")
    return value
  }
}

const cpuset2: Accept = (text, group, refuseWith) => {
  const value = cpus(text, group, refuseWith)
  return value === "" && group.values.get("cpuset.cpus") !== "" && isPopulated(group) ? refuseWith("ENOSPC") : value
}

function isPopulated(group: Group): boolean {
  return group.members.size > 0 || [...group.groups.values()].some(isPopulated)
}

const KNOWN_DEVICES = new Set(["254:0", "8:0", "8:16"])

/** One line for each device. */
function deviceLines(value: string): Map<string, string> {
  return new Map(
    value
      .split("\n")
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
  )
}

function linesOf(devices: ReadonlyMap<string, string>): string {
  return [...devices].map(([device, rest]) => `${device} ${rest}`).join("\n")
}

const ioMax: Accept = (text, group, refuseWith) => {
  const [device = "", ...words] = text.split(/\s+/)
  if (!KNOWN_DEVICES.has(device)) refuseWith("ENODEV")
  const devices = deviceLines(group.values.get("io.max") ?? "")
  const rates = new Map(["rbps", "wbps", "riops", "wiops"].map((rate) => [rate, "max"]))
  for (const word of [...(devices.get(device)?.split(" ") ?? []), ...words]) {
    const [rate = "", value = ""] = word.split("=")
    if (!rates.has(rate) || !/^(max|[1-9]\d*)$/.test(value)) refuseWith(value === "0" ? "ERANGE" : "EINVAL")
    rates.set(rate, value)
  }
  devices.delete(device)
  if ([...rates.values()].some((v) => v !== "max")) devices.set(device, [...rates].map(([rate, v]) => `${rate}=${v}`).join(" "))
  return linesOf(devices)
}

const throttle =
  (file: string): Accept =>
  (text, group, refuseWith) => {
    const [device = "", value = ""] = text.split(/\s+/)
    if (!KNOWN_DEVICES.has(device)) refuseWith("ENODEV")
    if (!/^\d+$/.test(value)) refuseWith("EINVAL")
    const devices = deviceLines(group.values.get(file) ?? "")
    devices.delete(device)
    if (value !== "0") devices.set(device, value)
    return linesOf(devices)
  }

const memoryMax: Accept = (text, _group, refuseWith) => memory2(text, refuseWith)
const pidsMax: Accept = (text, group, refuseWith) => (text === "max" ? "max" : whole(0, MOST_PIDS, "EINVAL")(text, group, refuseWith))

const limitRule: Rule = {
  file: LIMIT,
  initial: `${UNLIMITED}`,
  accept: (text, group, refuseWith) => {
    const bytes = memory1(text, refuseWith)
    return bytes > BigInt(group.values.get(SUM) ?? UNLIMITED) ? refuseWith("EINVAL") : `${bytes}`
  },
}

const sumRule: Rule = {
  file: SUM,
  initial: `${UNLIMITED}`,
  accept: (text, group, refuseWith) => {
    const bytes = memory1(text, refuseWith)
    return bytes < BigInt(group.values.get(LIMIT) ?? 0) ? refuseWith("EINVAL") : `${bytes}`
  },
}

const V2: { readonly [controller: string]: readonly Rule[] } = {
  memory: [
    rule("memory.max", "max", memoryMax),
    rule("memory.high", "max", memoryMax),
    rule("memory.min", "0", memoryMax),
    rule("memory.low", "0", memoryMax),
    rule("memory.swap.max", "max", memoryMax),
    rule("memory.oom.group", "0", whole(0, 1, "EINVAL")),
  ],
  cpu: [rule("cpu.max", "max 100000", quota2), rule("cpu.weight", "100", whole(1, 10_000, "ERANGE"))],
  cpuset: [rule("cpuset.cpus", "", cpuset2)],
  pids: [rule("pids.max", "max", pidsMax)],
  io: [rule("io.max", "", ioMax)],
  hugetlb: [rule("hugetlb.2MB.max", "max", memoryMax)],
}

const V1: { readonly [controller: string]: readonly Rule[] } = {
  memory: [limitRule, sumRule],
  cpu: [
    { file: "cpu.cfs_period_us", initial: "100000", accept: whole(1000, 1_000_000, "EINVAL") },
    { file: "cpu.cfs_quota_us", initial: "-1", accept: quota1 },
    { file: "cpu.shares", initial: "1024", accept: (text) => `${Math.min(262_144, Math.max(2, Number(text)))}` },
  ],
  cpuset: [
    { file: "cpuset.cpus", initial: "", accept: cpuset1("cpuset.cpus") },
    { file: "cpuset.mems", initial: "", accept: cpuset1("cpuset.mems") },
  ],
  pids: [rule("pids.max", "max", pidsMax)],
  blkio: ["read_bps", "write_bps", "read_iops", "write_iops"].map((rate) => {
    const file = `blkio.throttle.${rate}_device`
    return { file, initial: "", accept: throttle(file) }
  }),
}

/** What the root's cpuset holds: two processors, one memory node. */
const ROOT_LISTS: { readonly [file: string]: string } = { "cpuset.cpus": "0-1", "cpuset.mems": "0" }

/** The control files of a controller in a new group. */
export function controllerFiles(group: Group, controller: string): [string, TextFile][] {
  if (controller === "devices") return deviceFiles(group)
  const rules = (group.hierarchy.version === 2 ? V2 : V1)[controller] ?? []
  for (const { file, initial } of rules) if (!group.values.has(file)) group.values.set(file, initialValue(group, file, initial))
  const shown = rules.filter((r) => !(r.notInRoot && group.parent === undefined))
  const files = shown.map(({ file, accept }): [string, TextFile] => {
    const op = `write ${file} in ${group.hierarchy.mount}${group.path}`
    return [
      file,
      kernelFile(
        () => `${group.values.get(file)}\n`,
        (text) =>
          void group.values.set(
            file,
            accept(text.trim(), group, (errno) => refuse(op, errno)),
          ),
      ),
    ]
  })
  if (controller !== "cpuset" || group.hierarchy.version !== 2) return files
  return [...files, ["cpuset.cpus.effective", kernelFile(() => `${effective(group)}\n`)]]
}

function initialValue(group: Group, file: string, initial: string): string {
  if (group.parent === undefined) return ROOT_LISTS[file] ?? initial
  const cloned = group.hierarchy.version === 1 && file in ROOT_LISTS && group.parent.values.get("cgroup.clone_children") === "1"
  return cloned ? (group.parent.values.get(file) ?? initial) : initial
}

function effective(group: Group): string {
  const own = group.values.get("cpuset.cpus") ?? ""
  if (group.parent === undefined) return own
  const above = parseCpuList(effective(group.parent)) ?? []
  const list = (parseCpuList(own) ?? []).filter((cpu) => above.includes(cpu))
  return formatCpuList(list.length === 0 ? above : list)
}
