/** A test or a sweep that is killed cannot tidy up: the next run removes what its sandboxes have left, and nothing else. */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, rmdirSync } from "node:fs"
import { dirname } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { ownName, removeAbandoned } from "../support/abandoned.ts"
import { openSandbox, sandboxMissing, scratchFolder } from "../support/sandbox.ts"
import { testsUnless } from "../support/skip.ts"

const SANDBOX = new URL("../support/sandbox.ts", import.meta.url).href
const OPENS = `import { openSandbox } from "${SANDBOX}"; const { work, groups } = await openSandbox(); console.log(JSON.stringify([work, groups.map((g) => g.folder)])); setInterval(() => {}, 1000)`

testsUnless(sandboxMissing())("what a killed run has left goes; what lives, or is somebody else's, stays", async () => {
  const own = await openSandbox()
  const other = `${dirname(own.groups[0]?.folder ?? "")}/stack-test.${process.pid}.of-nobody`
  mkdirSync(other)
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", OPENS], { stdio: ["ignore", "pipe", "inherit"] })
  try {
    const [work, groups] = JSON.parse(await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data)))))
    const left = () => [dirname(work), ...(groups as string[])].filter((path) => existsSync(path))
    removeAbandoned(scratchFolder())
    assert.is(left().length, 1 + groups.length, "its process lives")
    child.kill("SIGKILL")
    await new Promise((resolve) => child.once("exit", resolve))
    for (let attempt = 0; attempt < 50 && left().length > 0; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      removeAbandoned(scratchFolder())
    }
    assert.equal(left(), [])
    for (const { folder } of own.groups) assert.ok(existsSync(folder) && folder.includes(ownName()))
    assert.ok(existsSync(other))
  } finally {
    child.kill("SIGKILL")
    rmdirSync(other)
    await own.close()
  }
})

test.run()
