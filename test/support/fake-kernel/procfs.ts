import type { LaunchRecord } from "../../../src/kernel/kernel.ts"
import { MS_RDONLY, MS_SLAVE } from "../../../src/kernel/mount-flags.ts"
import type { FakeProcess, Machine } from "./machine.ts"
import { namespaceFile } from "./machine.ts"
import { readSysctl } from "./sysctls.ts"
import { pathOf } from "./tree.ts"

/** Where a monitor keeps its run folder open: native/README.md */
export const RUN_FD = 8
const ALL_CAPABILITIES = "000001ffffffffff"

/** A file of /proc that the processes and the run make; undefined where there is none. proc(5) */
export function readProc(machine: Machine, self: FakeProcess, path: string): string | undefined {
  if (path.startsWith("/proc/sys/")) return readSysctl(machine, self, [], path) ?? undefined
  if (path === "/proc/self/mountinfo") return mountinfo(machine)
  const [, who = "", file = ""] = /^\/proc\/((?:thread-)?self|\d+)\/(.+)$/.exec(path) ?? []
  const process = who.endsWith("self") ? self : machine.processes.get(Number(who))
  return process === undefined ? undefined : processFile(machine, process, file)
}

function processFile(machine: Machine, process: FakeProcess, file: string): string | undefined {
  switch (file) {
    case "stat":
      return statLine(process)
    case "cmdline":
      return process.cmdline
    case "uid_map":
      return aligned(process.uidMap)
    case "gid_map":
      return aligned(process.gidMap)
    case "cgroup":
      return cgroupLines(machine, process)
    case "limits":
      return limitLines(process)
    case "mountinfo":
      return containerMounts(machine, process)
    case "oom_score_adj":
      return `${process.oomScoreAdj}\n`
    case "status":
      return statusLines(process)
    case `task/${process.pid}/children`:
      return childrenOf(machine, process)
        .map((child) => `${child.pid} `)
        .join("")
    default:
      return undefined
  }
}

function childrenOf(machine: Machine, process: FakeProcess): FakeProcess[] {
  return [...machine.processes.values()].filter((child) => child.parent === process.pid)
}

function nameOf(process: FakeProcess): string {
  const [program = ""] = process.cmdline.split(/[\0 ]/)
  return program.slice(program.lastIndexOf("/") + 1).slice(0, 15)
}

/** Fields 1 to 24; 9 has PF_FORKNOEXEC (0x40) where no program was run yet, 22 is the start time. proc_pid_stat(5) */
function statLine(process: FakeProcess): string {
  const { pid, parent, startTime, parked } = process
  return `${pid} (${nameOf(process)}) S ${parent} ${pid} ${pid} 0 -1 ${0x400100 | (parked ? 0x40 : 0)} 0 0 0 0 0 0 0 0 20 0 1 0 ${startTime} 0 0\n`
}

function statusLines(process: FakeProcess): string {
  const caught = process.handlesTerm ? (1n << 14n).toString(16).padStart(16, "0") : "0".repeat(16)
  const lines = [
    `Name:\t${nameOf(process)}`,
    "State:\tS (sleeping)",
    "Uid:\t0\t0\t0\t0",
    "Gid:\t0\t0\t0\t0",
    `NSpid:\t${process.pid}${process.first ? "\t1" : ""}`,
    `SigCgt:\t${caught}`,
    ...["CapPrm", "CapEff", "CapBnd"].map((set) => `${set}:\t${capabilitiesOf(process)}`),
    `NoNewPrivs:\t${process.confinement?.noNewPrivileges === true ? 1 : 0}`,
    `Seccomp:\t${(process.confinement?.filter ?? null) === null ? 0 : 2}`,
  ]
  return `${lines.join("\n")}\n`
}

/** Of those that the tests are about. proc_pid_limits(5) */
const LIMITS: readonly (readonly [number, string])[] = [
  [4, "Max core file size"],
  [6, "Max processes"],
  [7, "Max open files"],
]

function limitLines({ limits }: FakeProcess): string {
  const word = (bound: string | undefined) => (bound === undefined || bound === "max" ? "unlimited" : bound).padEnd(21)
  const lines = LIMITS.map(
    ([number, words]) => `${words.padEnd(26)}${word(limits.get(number)?.soft)}${word(limits.get(number)?.hard)}units`,
  )
  return `Limit                     Soft Limit           Hard Limit           Units     \n${lines.join("\n")}\n`
}

/** A container's first process has what its monitor was told; others have all. */
function capabilitiesOf({ confinement }: FakeProcess): string {
  return confinement === undefined ? ALL_CAPABILITIES : BigInt(confinement.capabilities).toString(16).padStart(16, "0")
}

/** Numbers in columns of ten, as the kernel prints them. user_namespaces(7) */
function aligned(map: string): string {
  const rows = map.split("\n").filter(Boolean)
  const columns = (row: string) => row.split(/\s+/).map((n) => n.padStart(10))
  return rows.map((row) => `${columns(row).join(" ")}\n`).join("")
}

/** cgroups(7), "/proc files" */
function cgroupLines(machine: Machine, process: FakeProcess): string {
  const lines = machine.hierarchies.map((hierarchy, i) => {
    const path = process.groups.get(hierarchy)?.path || "/"
    return hierarchy.version === 2 ? `0::${path}` : `${i + 1}:${hierarchy.controllers.join(",")}:${path}`
  })
  return `${lines.reverse().join("\n")}\n`
}

/** proc_pid_mountinfo(5) */
function mountinfo(machine: Machine): string {
  const lines = machine.hierarchies.map(({ version, controllers, mount }, i) => {
    const type = version === 2 ? "cgroup2 cgroup2 rw" : `cgroup cgroup rw,${controllers.join(",")}`
    return `${30 + i} 23 0:${28 + i} / ${mount} rw,relatime - ${type}`
  })
  return `23 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n${lines.join("\n")}\n`
}

/** Its root, and what its list of operations has mounted. */
function containerMounts(machine: Machine, { confinement }: FakeProcess): string {
  if (confinement === undefined) return mountinfo(machine)
  const { setup, mounts } = confinement
  const isReadOnly = (path: string) => setup.some((op) => op.op === "read-only" && op.target === path)
  const line = (target: string, root: string, options: string, type: string, own = "rw") =>
    `90 80 254:0 ${root} ${target} ${options} - ${type} none ${own}\n`
  const copy = (n: number, target: string) => {
    const { source, flags, propagation, idmapped } = mounts[n] as LaunchRecord["mounts"][number]
    const options = `${(flags & MS_RDONLY) !== 0 ? "ro" : "rw"}${idmapped ? ",idmapped" : ""}`
    return line(target, source, `${options}${propagation === MS_SLAVE ? " master:1" : ""}`, "ext4")
  }
  const told = setup.flatMap((op) => {
    if (op.op === "attach") return [copy(op.mount, op.target)]
    return op.op === "tmpfs" ? [line(op.target, "/", "rw", "tmpfs", `rw,${inKibibytes(op.data)}`)] : []
  })
  return `${line("/", "/", isReadOnly("/") ? "ro" : "rw", "overlay")}${told.join("")}`
}

/** tmpfs(5): in whole pages. */
function inKibibytes(data: string): string {
  return data.replace(/size=(\d+)/, (_, bytes: string) => `size=${Math.ceil(Number(bytes) / 4096) * 4}k`)
}

/** What a link of /proc/PID/ns or /proc/PID/fd says. */
export function readProcLink(machine: Machine, self: FakeProcess, path: string): string | undefined {
  if (path === "/proc/self") return `${self.pid}`
  const [, who = "", place, name = ""] = /^\/proc\/((?:thread-)?self|\d+)\/(ns|fd)\/([a-z0-9]+)$/.exec(path) ?? []
  const process = who.endsWith("self") ? self : machine.processes.get(Number(who))
  if (place === "fd" && name === String(RUN_FD))
    return process?.runFolder === undefined ? undefined : (pathOf(machine.root, process.runFolder) ?? "/gone (deleted)")
  const namespace =
    place === "fd" ? process?.fds.get(Number(name)) : Object.values(process?.namespaces ?? {}).find((n) => namespaceFile(n.kind) === name)
  return namespace === undefined ? undefined : `${namespaceFile(namespace.kind)}:[${namespace.inode}]`
}
