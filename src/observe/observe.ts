import { pause } from "../base/pause.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { drivers } from "../kinds/drivers.ts"
import type { Scope, StackGroups } from "../model/driver.ts"
import { pendingMoves } from "../model/moves.ts"
import type { Desired, HostFacts, Observed, Snapshot } from "../model/resource.ts"
import { readAdoptions } from "./adoptions.ts"
import { withApplied } from "./applied.ts"
import { readHostFacts } from "./host.ts"
import { stillTrue } from "./monitors.ts"
import { afterMoves, beforeMoves } from "./moved.ts"
import type { Begun } from "./scope.ts"
import { beginReading, makeScope } from "./scope.ts"

/** Commands that end while they are looked at: how often the reading is done again, and after which pause, each twice as long as the one before, to a longest. */
const ATTEMPTS = 10
const PAUSE_MS = 2
const LONGEST_PAUSE_MS = 256
/**
 * The same where a monitor has no command and has not said why: it is about to write how that ended, or to end itself, which on a machine that is far
 * too busy takes it seconds. Five of them in all: one whose word somebody has deleted never says it.
 */
const PATIENT_ATTEMPTS = 26

/**
 * One immutable reading of all that the kernel holds of a stack, whether the file still wants it or not, and of what
 * stands in the way of what it wants. Changes nothing. A reading during which a container's command ended is done again: it
 * would mix what holds before and after. `begun`: what has been read of it already.
 */
export function observe(
  kernel: Kernel,
  desired: Desired,
  cgroups: StackGroups,
  controllers: HostFacts["controllers"],
  begun?: Begun,
): Snapshot {
  for (let attempt = 1; ; attempt++) {
    const reading = (attempt === 1 ? begun : undefined) ?? beginReading(kernel, desired.stack, cgroups)()
    const scope = makeScope(kernel, desired, cgroups, reading)
    const snapshot = withMoves(readAll(scope, controllers), scope, controllers)
    if (attempt === PATIENT_ATTEMPTS || (reading.told && (attempt >= ATTEMPTS || stillTrue(kernel, scope.monitors)))) return snapshot
    pause(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (attempt - 1)))
  }
}

/**
 * What the file has moved, and the kernel not yet, is read once more as what it still is, so that all that is wanted of it is looked at in
 * its place; then it has the file's address.
 */
function withMoves(snapshot: Snapshot, { kernel, desired, cgroups }: Scope, controllers: HostFacts["controllers"]): Snapshot {
  const { moves, blocked } = pendingMoves(desired, new Set(snapshot.resources.keys()))
  const told = blocked.length === 0 ? {} : { blocked }
  if (moves.size === 0) return { ...snapshot, ...told }
  return { ...afterMoves(readAll(makeScope(kernel, beforeMoves(desired, moves), cgroups), controllers), moves), ...told }
}

function readAll(scope: Scope, controllers: HostFacts["controllers"]): Snapshot {
  const begun = Object.values(drivers).map((driver) => driver.observe(scope))
  const host = readHostFacts(scope, controllers)
  const applied = scope.applied()
  const readings = begun.map((reading) => (typeof reading === "function" ? reading(applied) : reading))
  const resources = new Map<string, Observed>()
  for (const observed of readings.flatMap((r) => r.resources)) resources.set(observed.address, observed)
  const imports = scope.desired.imports === undefined ? {} : { adoptions: readAdoptions(scope, resources) }
  return withApplied({ resources, foreign: readings.flatMap((r) => r.foreign), host, ...imports }, applied)
}
