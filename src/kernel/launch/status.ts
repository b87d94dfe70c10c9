import { errnoName } from "../errno.ts"
import type { LaunchRecord, SetupOp } from "../kernel.ts"
import { KernelError } from "../kernel.ts"
import { NAMESPACE_ORDER } from "./record.ts"

/** What a monitor says on its status pipe, 16 bytes each. */
export type StatusMessage = { kind: "parked"; pid: number } | { kind: "failed"; stage: number; index: number; errno: number }

export const STATUS_BYTES = 16

/** Whole messages from the front of what was read; the rest belongs to one that has not come whole yet. */
export function decodeStatus(bytes: Buffer): { messages: StatusMessage[]; rest: Buffer } {
  const whole = bytes.length - (bytes.length % STATUS_BYTES)
  const messages: StatusMessage[] = []
  for (let at = 0; at < whole; at += STATUS_BYTES) {
    const [kind, a, b, c] = [0, 4, 8, 12].map((n) => bytes.readUInt32LE(at + n)) as [number, number, number, number]
    if (kind === 1) messages.push({ kind: "parked", pid: a })
    else if (kind === 2) messages.push({ kind: "failed", stage: a, index: b, errno: c })
    else throw new KernelError("read the monitor's status", "EPROTO", `unknown message ${kind}`)
  }
  return { messages, rest: bytes.subarray(whole) }
}

/** native/monitor/status.h: where a launch may fail, as words for what was being done. */
const STAGES: { readonly [stage: number]: (record: LaunchRecord, index: number) => string } = {
  1: () => "read the launch record",
  2: (_, i) => (i === 1 ? "begin a session with a keyring of its own (setsid, keyctl)" : "begin a session (setsid, cd /)"),
  3: (r) => `enter the monitors' cgroup ${r.monitorCgroups1.join(" ")}`,
  4: (r, i) => prepared(r.prepare[i]),
  5: (r, i) => `open ${r.openPaths[i] ?? "a mount's source"}`,
  6: (r) => `open ${r.runDir}`,
  7: (r) => `open ${r.runDir}/log`,
  8: (r, i) => `join the ${NAMESPACE_ORDER[i]} namespace ${r.namespaces[NAMESPACE_ORDER[i] ?? "user"]}`,
  9: (r) => `clone with new namespaces: ${NAMESPACE_ORDER.filter((kind) => r.namespaces[kind] === "new").join(" ")}`,
  10: (r) => `write uid_map "${mapWords(r.uidMap)}"`,
  11: (r) => `write gid_map "${mapWords(r.gidMap)}"`,
  12: (r) => `enter the cgroup ${[r.cgroup2, ...r.cgroups1].filter((folder) => folder !== "").join(" ")}`,
  13: (r) => `become uid ${r.uid}, gid ${r.gid}`,
  14: () => "ip link set lo up",
  15: () => "hold the namespaces open",
  16: (r, i) => `${setupWords(r.setup[i], r)} (setup step ${i + 1})`,
  17: (r) => `set the groups ${r.groups.join(" ")}`.trimEnd(),
  18: () => "drop capabilities",
  19: () => "setrlimit",
  20: () => "open standard input, output and error",
  21: (r) => `cd ${r.cwd}`,
  22: (r) => `run ${r.argv[0] ?? ""}`,
  24: () => "make a pipe",
  27: () => "open the console",
  25: (r) => `write oom_score_adj ${r.oomScoreAdj}`,
  26: () => "install the seccomp filter",
  30: (r, i) => `open_tree ${r.mounts[i]?.source}`,
  31: (r, i) => `show the container's ids in ${r.mounts[i]?.source}`,
  32: (r, i) => `mount_setattr ${r.mounts[i]?.source}`,
}

const STAGE_DIED = 23
/** On x86-64 and arm64. signal(7) */
const SIGSYS = 31
/** Of one whose filter lets it neither tell why nor end: `end_confined` of the monitor. */
const TRAPS = [4, 5]

/** A failure as its message names it. `index` counts what the stage has several of. */
export function launchFailure(record: LaunchRecord, failure: { stage: number; index: number; errno: number }): KernelError {
  const { stage, index, errno } = failure
  if (stage === STAGE_DIED)
    return new KernelError(`run ${record.argv[0] ?? ""}`, "ESRCH", `its process ${endOf(errno)} before it was started`)
  const words = STAGES[stage]
  return new KernelError(words === undefined ? `launch (stage ${stage})` : words(record, index), errnoName(errno))
}

/** The monitor itself ended and said nothing. */
export function monitorEnded(): KernelError {
  return new KernelError("start the monitor", "ESRCH", "it ended before its container was started")
}

/** A wait status, wait(2). */
function endOf(status: number): string {
  const signal = status & 0x7f
  if (signal === SIGSYS || TRAPS.includes(signal)) return "was killed by its seccomp profile, which does not let it start"
  return signal === 0 ? `exited with status ${(status >> 8) & 0xff}` : `was killed by signal ${signal}`
}

function prepared(entry: LaunchRecord["prepare"][number] | undefined): string {
  return entry?.link === undefined ? `mkdir ${entry?.path ?? "of the writable layer"}` : `ln -s ${entry.link} ${entry.path}`
}

function mapWords(map: string): string {
  return map.trim().replaceAll("\n", ", ")
}

/** The shell's words for an operation: `mount overlay on /usr`. */
function setupWords(op: SetupOp | undefined, { mounts }: LaunchRecord): string {
  switch (op?.op) {
    case undefined:
      return "setup"
    case "mount-root":
      return `mount ${op.type === "" ? op.source : op.type} on ${op.path}`
    case "mount":
      return `mount ${op.type === "" ? op.source : op.type} on ${op.target}`
    case "bind":
      return `mount --bind ${op.source} ${op.target}`
    case "mkdir":
      return `mkdir ${op.target}`
    case "file":
      return `touch ${op.target}`
    case "symlink":
      return `ln -s ${op.to} ${op.target}`
    case "root":
      return `make ${op.path} the root`
    case "pivot":
      return "pivot_root"
    case "hostname":
      return `hostname ${op.name}`
    case "sysctl":
      return `sysctl ${op.name}=${op.value}`
    case "device":
      return `mount --bind ${op.source} ${op.target} (${op.type} device ${op.major}:${op.minor})`
    case "attach-root":
      return `mount --bind ${mounts[op.mount]?.source} ${op.path}`
    case "attach":
      return `mount --bind ${mounts[op.mount]?.source} ${op.target}`
    case "tmpfs":
      return `mount tmpfs on ${op.target}`
    case "read-only":
      return `mount -o remount,bind,ro ${op.target}`
    case "console":
      return `mount a terminal on ${op.target}`
    case "give":
      return `mount a file at ${op.target}`
    case "unmount":
      return `umount ${op.target}`
    case "folder":
      return `mkdir -p ${op.target}`
  }
}
