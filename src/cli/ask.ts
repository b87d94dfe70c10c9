import { createInterface } from "node:readline"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Context } from "./context.ts"
import { isTerminal } from "./output.ts"

export type Answer = "yes" | "no" | "interrupted"

/** Only `yes` is a yes. Without a terminal nobody can be asked: an error that names -y. */
export async function ask(question: string, context: Context): Promise<Answer> {
  if (!(await isTerminal(0))) {
    throw new DiagnosticError(
      error("nobody-to-ask", "standard input is no terminal, so nobody can be asked", {
        hint: "use -y (--auto-approve) to go on without asking",
      }),
    )
  }
  context.err.write(`\n${question}\n  Only "yes" will be taken as a yes: `)
  const answer = await readLine()
  if (typeof answer === "string") return answer.trim() === "yes" ? "yes" : "no"
  // What is said next begins on a line of its own, which nobody has ended.
  context.err.write("\n")
  return answer.ended
}

/** One line of standard input, or how it ended without one: no answer is a no. */
function readLine(): Promise<string | { ended: Answer }> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  return new Promise((resolve) => {
    const interrupted = () => {
      resolve({ ended: "interrupted" })
      lines.close()
    }
    process.once("SIGINT", interrupted)
    lines.once("line", (line) => {
      resolve(line)
      lines.close()
    })
    lines.once("close", () => {
      process.off("SIGINT", interrupted)
      resolve({ ended: "no" })
    })
  })
}
