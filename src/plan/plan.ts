import { splitAddress } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { warning } from "../base/diagnostic.ts"
import type { Action, Change } from "../model/change.ts"
import type { Planned, Summary } from "../model/plan.ts"
import type { Desired, HostFacts, Snapshot } from "../model/resource.ts"
import { diff } from "./diff.ts"
import { order } from "./order.ts"
import { settle } from "./settle.ts"
import { sharedIds } from "./shared-ids.ts"

/** Codes of diagnostics that a plan may be shown with, but not applied. */
export const MISSING_CAPABILITY = "missing-capability"

/**
 * What has to be done so that the kernel is as desired: automatic values chosen, every resource compared, the steps in
 * order. Pure: the same input gives the same plan. With errors among the diagnostics the plan is to be looked at only.
 */
export function makePlan(wanted: Desired, snapshot: Snapshot): Planned {
  const { desired, diagnostics: unsettled } = settle(wanted, snapshot)
  const { changes, diagnostics } = diff(desired, snapshot)
  const hasChanges = changes.some((change) => change.action !== "no-op")
  const plan = { stack: desired.stack, changes, steps: order(changes), summary: summarise(changes), hasChanges, desired }
  return {
    plan,
    diagnostics: [
      ...unsettled,
      ...diagnostics,
      ...blockedDiagnostics(snapshot),
      ...sharedIds(wanted, snapshot.host),
      ...(hasChanges ? capabilityDiagnostics(snapshot.host) : []),
    ],
  }
}

/** As Terraform has it: what is at the end of a move stays, what was to come there is not in the file. Groups of that sort are what a move has left. */
function blockedDiagnostics({ blocked = [] }: Snapshot): Diagnostic[] {
  return blocked.flatMap(({ from, to }) => {
    if (splitAddress(from).kind === "cgroup") return []
    const summary = `${from} does not become ${to}: both are live`
    const hint = `to keep it, give it a name of its own in the file (\`moved\` with another \`to\`); to have it as ${to}, destroy that one first`
    return [warning("move-blocked", summary, { detail: `${from} is not in the stack file: it is destroyed`, hint, address: to })]
  })
}

/** Replacing counts as adding and destroying, adopting as neither of them. */
export function summarise(changes: readonly Change[]): Summary {
  const count = (...actions: Action[]) => changes.filter((change) => actions.includes(change.action)).length
  const adopt = changes.filter(({ action, adopts }) => action === "update" && adopts !== undefined).length
  const change = count("update") - adopt
  return { add: count("create", "replace"), change, destroy: count("delete", "replace"), ...(adopt === 0 ? {} : { adopt }) }
}

function capabilityDiagnostics({ missingCapabilities }: HostFacts): Diagnostic[] {
  if (missingCapabilities.length === 0) return []
  const summary = `applying this plan needs ${missingCapabilities.join(", ")}, which this process does not have`
  return [warning(MISSING_CAPABILITY, summary, { hint: "run it as root" })]
}
