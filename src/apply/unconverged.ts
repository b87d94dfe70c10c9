import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { Change } from "../model/change.ts"
import type { ApplyContext } from "./apply.ts"
import { memoryKill } from "./memory-kill.ts"

/** All steps were done, and a plan still has these changes. */
export function notConverged(left: readonly Change[], context: ApplyContext): Diagnostic {
  const reasons = left.flatMap((change) => endedForMemory(change, context) ?? [])
  return error("not-converged", `all steps were done, but the kernel still differs in ${left.length} of the stack's resources`, {
    detail: left.map(({ address, action, cause }) => `${address}: ${action} (${cause})`).join("\n"),
    hint: [...reasons, "`stack plan` shows each field; a container whose command has failed tells why in `stack logs NAME`"].join("\n"),
  })
}

function endedForMemory(change: Change, context: ApplyContext): string | undefined {
  const isKilled = change.fields.some(({ path, before }) => path === "state" && before === "killed (SIGKILL)")
  const kill = isKilled ? memoryKill(change, context) : undefined
  return (
    kill && `the kernel has killed ${change.address} for want of memory: it takes more memory than ${kill.limit} allows; raise the limit`
  )
}
