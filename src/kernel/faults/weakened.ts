import { CAPABILITIES, capabilityMask } from "../../kinds/container/spec-capabilities.ts"
import type { LaunchRecord, SetupOp } from "../kernel.ts"
import type { LinuxKernel } from "../linux.ts"
import { MS_NODEV, MS_RDONLY } from "../mount-flags.ts"

/**
 * The same kernel, on which one protection is left out: a test that says the protection is there must fail on it. Those of the native
 * parts are left out there (native/common/weakened.h). Only builds for tests have this. docs/security.md
 */
export function weakenedKernel(kernel: LinuxKernel, protection: string): LinuxKernel {
  const record = RECORDS[protection]
  const changed: Partial<LinuxKernel> = {
    ...(record === undefined ? {} : launchesWith(kernel, record)),
    ...(protection === "devices" ? { attachDevices: () => {} } : {}),
    ...(protection === "run-folder" ? { mkdir: (path: string) => kernel.mkdir(path, 0o777) } : {}),
  }
  return { ...kernel, ...changed }
}

/** Of what is entered later there are no mounts. */
function launchesWith(kernel: LinuxKernel, weaken: Weakening): Pick<LinuxKernel, "spawn" | "become"> {
  return {
    spawn: (asked) => kernel.spawn({ ...asked, ...weaken(asked) }),
    become: (asked) => kernel.become({ ...asked, ...weaken({ setup: [] }) }),
  }
}

type Weakening = (
  record: Pick<LaunchRecord, "setup">,
) => Partial<Pick<LaunchRecord, "filter" | "capabilities" | "noNewPrivileges" | "rlimits" | "setup">>

const RECORDS: { readonly [protection: string]: Weakening } = {
  filter: () => ({ filter: null }),
  capabilities: () => ({ capabilities: capabilityMask(CAPABILITIES) }),
  "no-new-privileges": () => ({ noNewPrivileges: false }),
  "core-dumps": () => ({ rlimits: [] }),
  masks: ({ setup }) => ({ setup: setup.filter((op) => !isMask(op)) }),
  "read-only-sys": ({ setup }) => ({ setup: setup.map((op) => (isSysfs(op) ? { ...op, flags: op.flags & ~MS_RDONLY } : op)) }),
  "image-nodes": ({ setup }) => ({ setup: setup.map((op) => ("flags" in op ? { ...op, flags: op.flags & ~MS_NODEV } : op)) }),
}

function isMask(op: SetupOp): boolean {
  return "target" in op && /^\/(proc|sys)\/./.test(op.target)
}

function isSysfs(op: SetupOp): op is SetupOp & { op: "mount" } {
  return op.op === "mount" && op.type === "sysfs"
}
