import { DiagnosticError, error } from "../../base/diagnostic.ts"
import { waitingFileOf } from "../../model/ownership.ts"
import { isWaiting, takeAway } from "../confirmation.ts"
import type { Context } from "../context.ts"
import { EXIT } from "../exit.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStack } from "../stack-file.ts"

/** Says yes to an `apply --confirm` that waits. */
export async function confirm(options: FileOptions, context: Context): Promise<number> {
  const { stack } = liveStack(options, context)
  const kernel = context.kernel()
  const file = waitingFileOf(stack)
  if (!isWaiting(kernel, file) || !takeAway(kernel, file)) {
    throw new DiagnosticError(
      error("nothing-to-confirm", `no apply of stack ${stack} waits to be confirmed`, {
        hint: "it was confirmed before, or its time is over and it is undone: `stack plan` tells",
      }),
    )
  }
  context.out.write(`Confirmed: stack ${stack} stays as it is.\n`)
  return EXIT.ok
}
