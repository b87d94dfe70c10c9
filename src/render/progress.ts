import type { Address } from "../base/address.ts"
import type { Event } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { Step } from "../model/step.ts"

/** Consumes the events of an apply, and decides nothing. */
export interface Display {
  emit(event: Event): void
  /** A word to the person who is watching. */
  note(text: string): void
  /** Everything shown is shown. */
  end(): Promise<void>
}

/** What a step has done, for a person; by `kind.op`. */
const DONE: { readonly [step: string]: string } = {
  "container.cgroup": "cgroup made",
  "container.spawn": "spawned",
  "container.start": "started",
  "container.restart": "restarted",
  "container.reap": "the monitor before ended",
  "container.stop": "stopped",
  "container.remove": "removed",
  "container.move": "moved",
  "container.limits": "limits set",
  "container.mounts": "mounts changed",
  "container.devices": "held to its devices",
  "container.ulimits": "ulimits set",
  "container.oom": "oom_score_adj set",
  "container.hostname": "hostname set",
  "container.hosts": "/etc/hosts set",
  "container.dns": "/etc/resolv.conf set",
  "container.loopback": "loopback set up",
  "container.thaw": "thawed",
  "container.freeze": "frozen",
  "container.signal": "signalled",
  "container.sysctls": "sysctls set",
  "container.routes": "routes set",
  "container.record": "record written",
  "container.healthcheck": "healthcheck changed",
  "container.policy": "restart policy changed",
  "container.wait": "waited for",
  "image.unpack": "unpacked",
  "cgroup.thaw": "thawed",
  "cgroup.freeze": "frozen",
  "cgroup.widen": "limits widened",
  "cgroup.leave": "the former removed",
  create: "created",
  update: "updated",
  delete: "deleted",
}

export function stepDone({ op, change: { kind, adopts, resource, movedFrom } }: Step): string {
  if (resource?.givenBack !== undefined) return "given back"
  if (adopts !== undefined) return "adopted"
  // Its group is made under the new name, or renamed.
  if (kind === "cgroup" && op === "create" && movedFrom !== undefined) return "moved"
  return DONE[`${kind}.${op}`] ?? DONE[op] ?? `${op} done`
}

/** `12.3M of 45.6M`. */
export function formatProgress(done: number, total: number): string {
  return `${roundedSize(Math.min(done, total))} of ${roundedSize(total)}`
}

/** Bytes as a person wants to know them: `512`, `1.5K`, `12.3M`. */
export function roundedSize(bytes: number): string {
  const unit = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return unit === 0 ? String(bytes) : `${(bytes / 2 ** (10 * unit)).toFixed(1)}${" KMGT"[unit]}`
}

/** `12 ms`, `1.2 s`. */
export function formatTime(milliseconds: number): string {
  return milliseconds < 999.5 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

/** One resource's way through an apply. */
export interface ResourceTally {
  address: Address
  steps: number
  done: number
  /** When its first step started; undefined: none yet. */
  startedAt: number | undefined
  failed: boolean
}

/** How far each resource of a plan is. */
export type Tally = ReadonlyMap<Address, ResourceTally>

export function newTally(plan: Plan): Tally {
  const tally = new Map<Address, ResourceTally>()
  for (const { address } of plan.steps) {
    const entry = tally.get(address)
    if (entry === undefined) tally.set(address, { address, steps: 1, done: 0, startedAt: undefined, failed: false })
    else entry.steps++
  }
  return tally
}
