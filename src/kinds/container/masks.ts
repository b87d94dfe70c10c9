import { USUAL_NODES } from "../../devices/rule.ts"
import type { SetupOp } from "../../kernel/kernel.ts"
import { MS_RDONLY, MS_REC, PLAIN_MOUNT } from "../../kernel/mount-flags.ts"
import type { ContainerAttributes } from "./spec.ts"
import { ALL_PATHS, MASKED_FILES_IN_PROC, MASKED_FOLDERS_IN_PROC, READ_ONLY_IN_PROC } from "./spec-security.ts"

/** What a kernel has below /proc and /sys of what is masked or read-only. */
export interface SystemNames {
  proc: readonly string[]
  sys: readonly string[]
}

/** Read-only to a root that is the host's as well, for whom no file's mode is an obstacle. */
const READ_ONLY_TO_HOST_ROOT = ["driver", "dynamic_debug", "mtrr"] as const
const MASKED_IN_SYS = ["firmware"] as const

/**
 * File permissions alone would let some of these be read, and a root that is the host's write them. Its network's own parameters stay a
 * NET_ADMIN's to set, as on a machine of its own.
 */
export function maskOps(attributes: ContainerAttributes, { proc, sys }: SystemNames): SetupOp[] {
  const { unmask, uid_map } = attributes
  if (unmask.includes(ALL_PATHS)) return []
  const isHostRoot = Array.isArray(uid_map) && uid_map.length === 0
  const wanted = (folder: string, names: readonly string[], present: readonly string[]) =>
    names
      .filter((name) => present.includes(name))
      .map((name) => `/${folder}/${name}`)
      .filter((path) => !unmask.includes(path))
  return [
    ...wanted("proc", isHostRoot ? [...READ_ONLY_IN_PROC, ...READ_ONLY_TO_HOST_ROOT] : READ_ONLY_IN_PROC, proc).map(
      (path): SetupOp => readOnly(path),
    ),
    ...(setsOwnNetwork(attributes) ? [{ op: "bind", source: NET_SYSCTLS, target: NET_SYSCTLS, flags: PLAIN_MOUNT } as const] : []),
    ...wanted("proc", MASKED_FILES_IN_PROC, proc).map(hiddenFile),
    ...[...wanted("proc", MASKED_FOLDERS_IN_PROC, proc), ...wanted("sys", MASKED_IN_SYS, sys)].map(hiddenFolder),
  ]
}

const NET_SYSCTLS = "/proc/sys/net"

function setsOwnNetwork({ namespaces, capabilities, unmask }: ContainerAttributes): boolean {
  return namespaces.net === "new" && capabilities.includes("NET_ADMIN") && !unmask.includes("/proc/sys")
}

/** What is in a file of procfs goes by who reads it, not by which of its mounts is read. */
function readOnly(path: string): SetupOp {
  return { op: "bind", source: path, target: path, flags: MS_RDONLY | PLAIN_MOUNT | MS_REC }
}

function hiddenFile(path: string): SetupOp {
  const [major, minor] = USUAL_NODES.null as readonly [number, number]
  return { op: "device", source: "/dev/null", target: path, type: "char", major, minor }
}

function hiddenFolder(path: string): SetupOp {
  return { op: "mount", source: "tmpfs", target: path, type: "tmpfs", flags: MS_RDONLY | PLAIN_MOUNT, data: "size=0,nr_inodes=1" }
}
