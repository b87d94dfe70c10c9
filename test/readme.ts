/**
 * Runs the README's first line in a clean copy of the repository, inside a sandbox: what it makes must work, and be gone
 * after destroy. Ends with a line of counts. Usage: readme.ts FOLDER LINE
 */
import * as assert from "uvu/assert"
import { expectStatus, inits, ipIn, pings } from "./support/lab.ts"
import type { Sandbox } from "./support/sandbox.ts"
import { openSandbox, sandboxMissing } from "./support/sandbox.ts"
import { expectSameTraces, readTraces } from "./support/sandbox-traces.ts"

/** The sandbox has no network: packages come out of npm's cache, where the run of all tests has put them. */
const OFFLINE = { npm_config_offline: "true", npm_config_cache: process.env.npm_config_cache ?? `${process.env.HOME}/.npm` }

function check(sandbox: Sandbox, folder: string, line: string): void {
  const before = readTraces(sandbox)
  const applied = expectStatus(sandbox.run(["bash", "-c", line], { cwd: folder, env: OFFLINE }), 0)
  assert.match(applied.stdout, "Apply complete!")
  const pids = Object.values(inits(sandbox, "hello"))
  assert.is(pids.length, 2, "two containers run")
  const addresses = pids.map((pid) => ipIn(pid, "-4", "addr", "show", "eth0")[0].addr_info[0].local as string)
  assert.ok(pings(Number(pids[0]), String(addresses[1])), "the first reaches the second")
  assert.ok(pings(Number(pids[1]), String(addresses[0])), "the second reaches the first")
  expectStatus(sandbox.run(["bash", "-c", "./dist/stack.js destroy -y -f stacks/hello/stack.yaml"], { cwd: folder }), 0)
  expectSameTraces(readTraces(sandbox), before)
}

async function main(folder: string, line: string): Promise<string> {
  const absent = sandboxMissing()
  if (absent !== undefined) return `skipped: the README's first line: ${absent}\n0 passed, 0 failed, 1 skipped`
  const sandbox = await openSandbox()
  try {
    check(sandbox, folder, line)
    return "1 passed, 0 failed, 0 skipped"
  } catch (failure) {
    return `FAILED ${(failure as Error).message}\n0 passed, 1 failed, 0 skipped`
  } finally {
    await sandbox.close()
  }
}

const [folder = ".", line = ""] = process.argv.slice(2)
console.log(await main(folder, line))
