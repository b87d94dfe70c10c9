import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Context } from "../../../src/cli/context.ts"
import { main } from "../../../src/cli/main.ts"
import type { CaptureJob } from "../../../src/kernel/capture.ts"
import type { Kernel } from "../../../src/kernel/kernel.ts"
import type { ExecRecord } from "../../../src/kernel/launch/exec.ts"

/** How a command ended, and what it wrote. */
export interface Ended {
  code: number
  out: string
  err: string
}

/** The command line in a folder of its own, as processes one after another on one kernel. */
export interface Shell {
  folder: string
  environment: { [name: string]: string }
  kernel?: Kernel
  /** What this process was told to become. */
  became?: ExecRecord
  captured?: CaptureJob
}

/** Thrown in the place of never returning. */
class Became extends Error {}

export async function run(shell: Shell, ...argv: string[]): Promise<Ended> {
  const written = { out: "", err: "" }
  const output = (name: "out" | "err") => ({
    write: (text: string | Uint8Array) => {
      written[name] += typeof text === "string" ? text : Buffer.from(text).toString()
    },
    terminal: false,
    color: false,
    closed: false,
  })
  const context: Context = {
    cwd: shell.folder,
    environment: shell.environment,
    kernel: () => ({ ...kernelOf(shell), become: (record) => become(shell, record), capture: (job) => capture(shell, job) }),
    out: output("out"),
    err: output("err"),
    sources: new Map(),
  }
  const code = await main(argv, context)
  return { code, ...written }
}

function kernelOf({ kernel }: Shell): Kernel {
  if (kernel === undefined) throw new Error("this command was not expected to ask a kernel")
  return kernel
}

function become(shell: Shell, record: ExecRecord): never {
  shell.became = record
  throw new Became("became the command")
}

function capture(shell: Shell, job: CaptureJob): never {
  shell.captured = job
  throw new Became("became the capture")
}

export function writeStack(shell: Shell, text: string): void {
  writeFileSync(join(shell.folder, "stack.yaml"), text)
}

export function leave(shell: Shell): void {
  rmSync(shell.folder, { recursive: true })
}
