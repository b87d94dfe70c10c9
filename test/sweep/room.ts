import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { Sandbox } from "../support/sandbox.ts"
import { openSandbox, PATIENCE } from "../support/sandbox.ts"
import type { Case, Outcome } from "./case.ts"
import { after } from "./patience.ts"

const INSIDE = fileURLToPath(new URL("inside.ts", import.meta.url))
/** Nothing that a case does takes longer, not even a command that is waited for in vain. */
const CASE_MS = 120_000 * PATIENCE

/** A sandbox with a process in it that runs cases, one after another. After one that failed it must be thrown away. */
export interface Room {
  run(one: Case): Promise<Outcome>
  close(): Promise<void>
}

export async function openRoom(): Promise<Room> {
  const sandbox = await openSandbox()
  const inside = sandbox.start([process.execPath, "--import", import.meta.resolve("tsx"), INSIDE, sandbox.work])
  const said: string[] = []
  inside.stderr.on("data", (chunk) => said.push(String(chunk)))
  const lines = createInterface({ input: inside.stdout })[Symbol.asyncIterator]()
  return {
    run: async (one) => {
      inside.stdin.write(`${JSON.stringify(one)}\n`)
      const line = await inTime(lines.next())
      if (line !== undefined && !line.done) return JSON.parse(line.value) as Outcome
      const why = line === undefined ? `no end after ${CASE_MS / 1000} s` : "the process that runs cases has ended"
      return { fired: true, secondFired: false, at: "", operations: 0, problems: [`${why}\n${said.join("")}`] }
    },
    close: () => leave(sandbox, inside),
  }
}

/** Undefined where it does not come in time. */
async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  let calledOff = () => {}
  const late = new Promise<undefined>((resolve) => {
    calledOff = after(CASE_MS, () => resolve(undefined))
  })
  return Promise.race([answer, late]).finally(calledOff)
}

/** The process that went in and waits for the one inside stops itself when that is stopped, and may stay so. nsenter(1) */
async function leave(sandbox: Sandbox, inside: ChildProcessWithoutNullStreams): Promise<void> {
  inside.kill("SIGKILL")
  await sandbox.close()
}
