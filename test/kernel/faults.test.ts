/** The fault points of the build for tests, on the real kernel; and that what is shipped has none. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Sandbox } from "../support/sandbox.ts"
import { openSandbox, sandboxMissing } from "../support/sandbox.ts"
import { testsUnless } from "../support/skip.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const FAULTY = `${ROOT}dist-faults/stack.js`
const notBuilt = existsSync(FAULTY) ? undefined : "the build with fault points is not there (npm run build:faults)"
const builtTest = testsUnless(notBuilt)
const faultTest = testsUnless(sandboxMissing() ?? notBuilt)

/** By file, words of the fault points that a search of it would find. */
const WORDS: { readonly [file: string]: readonly string[] } = {
  "bundle.cjs": ["STACK_FAULT", "FaultPoints", "a fault: its answer is lost", "weakenedKernel", "/run/.weakened", "stackWeakened"],
  "stack-monitor": ["monitor-fault", "fired", "/run/.weakened"],
  "libstack.so": ["/run/.weakened"],
  "stack-unpack": ["/run/.weakened"],
}

builtTest("what is shipped has no fault points", () => {
  for (const [file, words] of Object.entries(WORDS)) {
    const [faulty, shipped] = ["dist-faults", "dist"].map((folder) => readFileSync(`${ROOT}${folder}/${file}`, "latin1"))
    for (const word of words) {
      assert.ok(faulty?.includes(word), `${word} in dist-faults/${file}: else it is no good for the search`)
      assert.not.ok(shipped?.includes(word), `${word} in dist/${file}`)
    }
  }
  const library = readFileSync(`${ROOT}dist/libstack.so`, "latin1")
  assert.not.ok(/fault/i.test(library.replaceAll("default", "")), "a fault in dist/libstack.so")
})

const STACK = "name: lab\ncontainers: { box: { command: [sleep, infinity] } }\n"

async function inSandbox(
  body: (sandbox: Sandbox, apply: (env: { [name: string]: string }) => ReturnType<Sandbox["run"]>) => void | Promise<void>,
) {
  const sandbox = await openSandbox()
  try {
    const file = sandbox.file("stack.yaml", STACK)
    await body(sandbox, (env) => sandbox.run([process.execPath, FAULTY, "apply", "-y", "-f", file], { env }))
  } finally {
    await sandbox.close()
  }
}

/** The operations of an apply of the stack, in words. */
function operations(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []
}

faultTest("count: every operation is told, and nothing is disturbed", async () => {
  await inSandbox((sandbox, apply) => {
    const file = `${sandbox.work}/operations`
    assert.is(apply({ STACK_FAULT_COUNT: file }).status, 0)
    const told = operations(file)
    assert.is(told[0], "mkdir /run/stack")
    for (const words of ["lock /run/stack/lab/lock", "start stack-monitor lab container.box", "stack-monitor lab container.box: parked"])
      assert.ok(told.includes(words), words)
  })
})

faultTest("kill and before: dead by SIGKILL, after the operation or without it", async () => {
  for (const [kind, made] of [
    ["kill", true],
    ["before", false],
  ] as const)
    await inSandbox((sandbox, apply) => {
      assert.is(apply({ STACK_FAULT: `${kind}:1` }).status, 137)
      assert.is(sandbox.run(["test", "-d", "/run/stack"]).status === 0, made)
    })
})

faultTest("err and late: refused, in its place or after it", async () => {
  for (const [kind, made] of [
    ["late", true],
    ["err", false],
  ] as const)
    await inSandbox((sandbox, apply) => {
      const { status, stderr } = apply({ STACK_FAULT: `${kind}:1:EPERM` })
      assert.is(status, 1)
      assert.match(stderr, "mkdir /run/stack: EPERM")
      assert.is(sandbox.run(["test", "-d", "/run/stack"]).status === 0, made)
    })
})

faultTest("pause: waits for a file", async () => {
  await inSandbox(async (sandbox) => {
    const gate = `${sandbox.work}/gate`
    const env = { STACK_FAULT: `pause:1:${gate}` }
    const child = sandbox.start([process.execPath, FAULTY, "apply", "-y", "-f", `${sandbox.work}/stack.yaml`], { env })
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve))
    assert.is(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 500, "waits"))]), "waits")
    assert.not.ok(sandbox.run(["test", "-d", "/run/stack"]).status === 0)
    writeFileSync(gate, "")
    assert.is(await ended, 0)
  })
})

test.run()
