import type { Kernel, MountIn, ProcessId } from "../../kernel/kernel.ts"
import { MS_NODEV, MS_NOSUID } from "../../kernel/mount-flags.ts"
import type { LiveMonitor, Run, StepResult, StepRunner } from "../../model/driver.ts"
import { volumeFolderOf, volumesFolderOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { attemptNow } from "../step-result.ts"
import { outsideId, parseMap } from "./id-map.ts"
import { realPath } from "./real-path.ts"
import { copyOf, tmpfsData } from "./root-mounts.ts"
import { hasShiftedIds } from "./rootfs.ts"
import { wantedAttributes } from "./spawn.ts"
import type { ContainerAttributes } from "./spec.ts"
import { isRestarted } from "./spec-life.ts"
import type { Mount, Mounts } from "./spec-mounts.ts"
import { inMountOrder } from "./spec-mounts.ts"
import { amendLaunch, amendRecord, recordMounts } from "./update.ts"

/**
 * Mounts that come and go while the container runs. What comes is recorded before it is there, and what goes after it is gone: a mount that
 * no record tells of nobody would look for.
 */
export const updateMounts: StepRunner = (steps, run): Promise<StepResult>[] =>
  steps.map((step) => attemptNow(() => changeMounts(step, run)))

function changeMounts(step: Step, run: Run): void {
  const { init } = (run.born.get(step.address) ?? {}) as Partial<Pick<LiveMonitor, "init">>
  const [gone, fresh] = [mountsOf(step, "before"), mountsOf(step, "after")]
  if (isRestarted(wantedAttributes(step))) amendLaunch(step, run, ["mounts"])
  if (Object.keys(fresh).length > 0) recordMounts(step, run, fresh)
  if (init !== undefined) {
    for (const [target, mount] of inMountOrder(gone).reverse()) takeOff(run, init, target, mount)
    for (const [target, mount] of inMountOrder(fresh)) run.kernel.mountIn(init, requestOf(run, init, target, mount, wantedAttributes(step)))
  }
  amendRecord(step, run, ["mounts"])
}

/** Those that are there on one side of the change alone. */
function mountsOf({ change }: Step, side: "before" | "after"): Mounts {
  const fields = change.fields.filter(({ path, [side]: mount }) => path.startsWith("mounts.") && mount !== undefined)
  return Object.fromEntries(fields.map(({ path, [side]: mount }) => [path.slice("mounts.".length), mount as unknown as Mount]))
}

/** Where the links of the container lead to now. */
function takeOff({ kernel, stack }: Run, init: ProcessId, target: string, mount: Mount): void {
  const source = mount.type === "tmpfs" ? "" : mount.type === "volume" ? volumeFolderOf(stack, mount.source) : mount.source
  kernel.unmountIn(init, { source, target: realPath(kernel, `/proc/${init.pid}/root`, target) })
}

function requestOf({ kernel, stack }: Run, init: ProcessId, target: string, mount: Mount, want: ContainerAttributes): MountIn {
  const owner = { uid: rootOf(kernel, init, "uid_map"), gid: rootOf(kernel, init, "gid_map") }
  if (mount.type !== "tmpfs") return { what: copyOf(mount, { volumes: volumesFolderOf(stack) }, hasShiftedIds(want)), target, owner }
  // Made from outside: whose it is must be said.
  return { what: { flags: MS_NOSUID | MS_NODEV, data: `${tmpfsData(mount)},uid=${owner.uid},gid=${owner.gid}` }, target, owner }
}

function rootOf(kernel: Kernel, { pid }: ProcessId, file: "uid_map" | "gid_map"): number {
  return outsideId(parseMap(kernel.read(`/proc/${pid}/${file}`)), 0) ?? 0
}
