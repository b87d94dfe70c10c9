import { existsSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Ran, RunOptions, Sandbox } from "./sandbox.ts"
import { openSandbox, sandboxMissing } from "./sandbox.ts"
import { testsUnless } from "./skip.ts"

const FAULTY = fileURLToPath(new URL("../../dist-faults/stack.js", import.meta.url))
const notBuilt = existsSync(FAULTY) ? undefined : "the build with fault points is not there (npm run build:faults)"

/** A sandbox, and the build for tests in it, with all protections or without one. */
export interface Weakening {
  sandbox: Sandbox
  command(...args: string[]): string[]
  /** Where the build is. */
  folder: string
  stack(args: readonly string[], options?: RunOptions): Ran
  /** Writes the stack file and applies it. */
  apply(text: string): string
}

/** What holds, by a sentence, and what a check says where one of its protections is left out. */
export interface Requirement {
  /** By the name of a protection, as `/run/.weakened` has it: the message of the assertion that fails without it. */
  without: { readonly [protection: string]: string }
  check(on: Weakening): void | Promise<void>
  programs?: readonly string[]
}

/** A test that it holds; and for each protection one that the same check fails, for just that reason, on a build that lacks it. */
export function requirement(name: string, { without, check, programs = [] }: Requirement): void {
  const one = testsUnless(sandboxMissing(...programs) ?? notBuilt)
  one(name, () => inSandbox(undefined, check))
  for (const [protection, message] of Object.entries(without)) {
    one(`${name}; not without: ${protection}`, async () => {
      const failure = await inSandbox(protection, check).then(
        () => undefined,
        (thrown: Error) => thrown,
      )
      assert.ok(failure, `the check holds without ${protection}`)
      assert.is(failure?.message.split("\n")[0], message)
    })
  }
}

async function inSandbox(protection: string | undefined, check: Requirement["check"]): Promise<void> {
  const sandbox = await openSandbox()
  try {
    if (protection !== undefined) sandbox.run(["sh", "-c", `printf %s ${protection} > /run/.weakened`])
    const command = (...args: string[]) => [process.execPath, FAULTY, ...args]
    const stack: Weakening["stack"] = (args, options) => sandbox.run(command(...args), options)
    await check({
      sandbox,
      command,
      folder: dirname(FAULTY),
      stack,
      apply(text) {
        const file = sandbox.file("stack.yaml", text)
        const { status, stderr } = stack(["apply", "-y", "-f", file])
        // What it reads back may differ where a protection is missing: the check is to say so.
        if (protection === undefined) assert.is(status, 0, `apply: ${stderr}`)
        return file
      },
    })
  } finally {
    await sandbox.close()
  }
}

export { test }
