import { harmless } from "../render/printable.ts"
import type { Context } from "./context.ts"
import type { LogLine } from "./log-lines.ts"

/** A line, and the container that has printed it. */
export interface NamedLine extends LogLine {
  name: string
}

/** Writes lines as they were printed; of several containers with whose they are before each, and every line ended. */
export function printer(
  names: readonly string[],
  { timestamps }: { timestamps: boolean },
  context: Context,
): (lines: readonly NamedLine[]) => void {
  const width = Math.max(...names.map((name) => name.length))
  const several = names.length > 1
  return (lines) => {
    for (const { name, time, stream, text, whole } of lines) {
      const before = `${several ? `${name.padEnd(width)} | ` : ""}${timestamps ? `${time} ` : ""}`
      const bytes = Buffer.from(`${before}${text}${whole || several ? "\n" : ""}`, "latin1")
      const output = stream === "stdout" ? context.out : context.err
      output.write(output.terminal ? harmless(bytes.toString("utf8")) : bytes)
    }
  }
}
