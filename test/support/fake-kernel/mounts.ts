import type { LaunchRecord, MountIn, ProcessId, SetupOp } from "../../../src/kernel/kernel.ts"
import { requireProcess } from "./files.ts"
import type { Machine } from "./machine.ts"
import { refuse } from "./machine.ts"
import { lookup } from "./tree.ts"

type Confinement = Pick<LaunchRecord, "setup" | "mounts">

/** As if its launch had done it last. */
export function mountIn(machine: Machine, id: ProcessId, { what, target }: MountIn): void {
  const op = `mount ${target}`
  const process = requireProcess(machine, id, op)
  const confinement = process.confinement ?? refuse(op, "EINVAL")
  if ("data" in what) {
    process.confinement = { ...confinement, setup: [...confinement.setup, { op: "tmpfs", target, flags: what.flags, data: what.data }] }
    return
  }
  if (lookup(machine.root, what.source) === undefined) refuse(op, "ENOENT")
  process.confinement = {
    ...confinement,
    mounts: [...confinement.mounts, what],
    setup: [...confinement.setup, { op: "attach", mount: confinement.mounts.length, target }],
  }
}

/** What was mounted there last, if it is that. */
export function unmountIn(machine: Machine, id: ProcessId, { source, target }: { source: string; target: string }): void {
  const op = `umount ${target}`
  const process = requireProcess(machine, id, op)
  const confinement = process.confinement ?? refuse(op, "EINVAL")
  const at = confinement.setup.findLastIndex((one) => (one.op === "attach" || one.op === "tmpfs") && one.target === target)
  const found = confinement.setup[at] ?? refuse(op, "EINVAL")
  if (sourceOf(found, confinement) !== source) refuse(op, "ESTALE")
  process.confinement = { ...confinement, setup: confinement.setup.filter((_, i) => i !== at) }
}

function sourceOf(op: SetupOp, { mounts }: Confinement): string | undefined {
  return op.op === "attach" ? mounts[op.mount]?.source : ""
}
