import type { NamespaceKind, ProcessId } from "../kernel.ts"
import { MAGIC, MODE_EXEC, RecordWriter } from "./bytes.ts"
import type { Identity } from "./identity.ts"
import { writeIdentity } from "./identity.ts"

/** CLONE_NEW*, <linux/sched.h> */
const CLONE_FLAGS: { readonly [K in NamespaceKind]: number } = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  pid: 0x20000000,
  net: 0x40000000,
}

/** Another process in a running container. */
export interface ExecRecord extends Identity {
  /** Whose namespaces are joined: the container's first process. */
  process: ProcessId
  /** Those in which it is not where this process is: joining one's own user namespace is EINVAL, setns(2). */
  namespaces: readonly NamespaceKind[]
  /** A pseudo-terminal of its own between the caller's terminal and the command. */
  tty: boolean
  /** Files the process writes `0` to, to enter the container's groups: FOLDER/cgroup.procs on cgroup2, FOLDER/tasks on v1. */
  cgroupFiles: readonly string[]
}

/** The bytes for the monitor's program in exec mode. @throws KernelError EINVAL as `encodeRecord` */
export function encodeExec(record: ExecRecord): Buffer {
  const mask = record.namespaces.reduce((flags, kind) => flags | CLONE_FLAGS[kind], 0)
  const writer = new RecordWriter()
    .u32(MAGIC, "magic")
    .u32(MODE_EXEC, "mode")
    .text(String(record.process.pid), "pid")
    .text(record.process.startTime, "start time")
    .u32(mask, "namespaces")
    .u32(record.tty ? 1 : 0, "tty")
    .texts(record.cgroupFiles, "cgroup file")
  writeIdentity(writer, record)
  return writer.bytes()
}
