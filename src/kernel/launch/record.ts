import type { LaunchRecord, NamespaceKind, SetupOp } from "../kernel.ts"
import { MAGIC, MODE_RUN, RecordWriter } from "./bytes.ts"
import { writeIdentity } from "./identity.ts"

/** The order in which a record lists namespaces, and by which a failed join names one. */
export const NAMESPACE_ORDER: readonly NamespaceKind[] = ["user", "mount", "pid", "net", "uts", "ipc", "cgroup"]

/**
 * The bytes a monitor reads from its descriptor 3; native/README.md holds the layout. Title and `monitorCgroup2` are not
 * in them: the monitor is born with these.
 *
 * @throws KernelError EINVAL: a text with a NUL byte, a number out of its range
 */
export function encodeRecord(record: LaunchRecord): Buffer {
  const writer = new RecordWriter().u32(MAGIC, "magic").u32(MODE_RUN, "mode")
  writeRun(writer, record)
  return writer.bytes()
}

/** All behind its head. */
export function writeRun(writer: RecordWriter, record: LaunchRecord): void {
  writer.text(record.runDir, "run folder")
  for (const kind of NAMESPACE_ORDER) writer.text(record.namespaces[kind], `${kind} namespace`)
  writer
    .text(record.uidMap, "uid_map")
    .text(record.gidMap, "gid_map")
    .text(record.cgroup2, "cgroup folder")
    .texts(record.cgroups1, "cgroup folder")
    .texts(record.monitorCgroups1, "cgroup folder of the monitor")
    .list(record.prepare, "prepared folder", ({ path, mode, uid, gid, link = "", fresh }, what) => {
      writer.text(path, what).u32(mode, what).u32(uid, what).u32(gid, what)
      writer.text(link, what).u32(fresh ? 1 : 0, what)
    })
    .texts(record.openPaths, "opened path")
    .list(record.setup, "setup", (op) => writeOp(writer, op))
  writer.u32(INITS.indexOf(record.init), "init").u32(record.owner.uid, "owner").u32(record.owner.gid, "owner")
  writeIdentity(writer, record)
  writer.list(record.mounts, "mount", (mount, what) => {
    writer
      .text(mount.source, what)
      .u32(mount.flags, what)
      .u32(mount.propagation, what)
      .u32(mount.idmapped ? 1 : 0, what)
  })
  writer.list(record.files, "file", (file, what) => {
    writer
      .u32(file.uid, what)
      .u32(file.gid, what)
      .u32(file.mode, what)
      .u32(file.readOnly ? 1 : 0, what)
    writer.u32(file.bytes.length, what).raw(file.bytes)
  })
  writer.u32(record.checked ? 1 : 0, "check").u32(RESTARTS.indexOf(record.restarts), "restarts")
}

/** enum restarts of native/monitor/record.h, in its order. */
const RESTARTS: readonly LaunchRecord["restarts"][] = [undefined, "plain", "giving"]

/** enum init_mode of native/monitor/record.h, in its order. */
const INITS: readonly LaunchRecord["init"][] = ["", "reaper", "systemd"]

/** {op, source, target, type, flags or mode, data} */
type FlatOp = readonly [number, string, string, string, number, string]

function writeOp(writer: RecordWriter, op: SetupOp): void {
  const [number, source, target, type, flags, data] = flat(op)
  const what = `setup of ${op.op}`
  writer.u32(number, what).text(source, what).text(target, what).text(type, what).u32(flags, what).text(data, what)
}

function flat(op: SetupOp): FlatOp {
  switch (op.op) {
    case "mount-root":
      return [1, op.source, op.path, op.type, op.flags, op.data]
    case "root":
      return [2, "", op.path, "", 0, ""]
    case "mount":
      return [3, op.source, op.target, op.type, op.flags, op.data]
    case "bind":
      return [4, op.source, op.target, "", op.flags, ""]
    case "mkdir":
      return [5, "", op.target, "", op.mode, ""]
    case "file":
      return [6, "", op.target, "", op.mode, ""]
    case "symlink":
      return [7, op.to, op.target, "", 0, ""]
    case "pivot":
      return [8, "", "", "", 0, ""]
    case "hostname":
      return [9, op.name, "", "", 0, ""]
    case "sysctl":
      return [10, op.name, "", "", 0, op.value]
    case "device":
      return [17, op.source, op.target, "", deviceWord(op.major, op.minor), op.type === "block" ? "b" : "c"]
    case "attach-root":
      return [11, "", op.path, "", op.mount, ""]
    case "attach":
      return [12, "", op.target, "", op.mount, ""]
    case "tmpfs":
      return [13, "", op.target, "", op.flags, op.data]
    case "read-only":
      return [14, "", op.target, "", 0, ""]
    case "console":
      return [16, "", op.target, "", 0, ""]
    case "folder":
      return [15, "", op.target, "", 0, ""]
    case "give":
      return [18, op.folder, op.target, "", op.file, ""]
    case "unmount":
      return [19, "", op.target, "", 0, ""]
  }
}

/** new_encode_dev(), linux/kdev_t.h */
function deviceWord(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}
