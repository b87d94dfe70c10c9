import { DiagnosticError, error } from "../../base/diagnostic.ts"
import { waitingFileOf } from "../../model/ownership.ts"
import { isWaiting, takeAway } from "../confirmation.ts"
import type { Context } from "../context.ts"
import { EXIT } from "../exit.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStackName } from "../stack-file.ts"

/** Says yes to an `apply --confirm` that waits. */
export async function confirm(options: FileOptions, context: Context): Promise<number> {
  const stack = liveStackName(options, context)
  const kernel = context.kernel()
  const file = waitingFileOf(stack)
  const killed = kernel.read(file) !== null && !isWaiting(kernel, file)
  if (killed || !takeAway(kernel, file)) {
    const hint = killed
      ? "the one that did was killed: what it has done stays, unless `stack apply` of the former file takes it back"
      : "it was confirmed before, or its time is over and it is undone: `stack plan` tells"
    throw new DiagnosticError(error("nothing-to-confirm", `no apply of stack ${stack} waits to be confirmed`, { hint }))
  }
  context.out.write(`Confirmed: stack ${stack} stays as it is.\n`)
  return EXIT.ok
}
