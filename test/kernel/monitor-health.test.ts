/** What a monitor makes of `check` in its run folder, on the build with sanitizers, too: of a sound one, a cut one, one of chance bytes. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { CheckRecord } from "../../src/kernel/launch/check.ts"
import { encodeCheck } from "../../src/kernel/launch/check.ts"
import { parseHealth } from "../../src/kinds/container/health.ts"
import { eventually } from "../support/eventually.ts"
import { missing, testsUnless } from "../support/skip.ts"
import { cleanUp, launch, PROGRAM, recordOf, SANITIZED, temporary } from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

const { oomScoreAdj } = recordOf("true", "/")

function check(script: string, different: Partial<CheckRecord> = {}): Buffer {
  return encodeCheck({
    ...{ interval: 20, timeout: 5000, startPeriod: 0, startInterval: 20, retries: 2 },
    ...{ cgroupFiles: [], uid: 0, gid: 0, groups: [], capabilities: "0", noNewPrivileges: true, rlimits: [], oomScoreAdj, filter: null },
    ...{ cwd: "/", argv: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] },
    ...different,
  })
}

/** Undefined where there is none, or none any more: it goes while somebody looks. */
function healthIn(path: string): ReturnType<typeof parseHealth> | undefined {
  try {
    return parseHealth(readFileSync(path, "utf8"))
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw failure
  }
}

const builds: [string, string, ReturnType<typeof testsUnless>][] = [
  ["", PROGRAM, testsUnless(missing("unshare"))],
  [" (sanitizers)", SANITIZED, testsUnless(existsSync(SANITIZED) ? missing("unshare") : "not built: make -C native sanitize")],
]

for (const [build, program, one] of builds) {
  /** A running container with this `check`, and what is known of its health. */
  const begin = async (bytes: Buffer) => {
    const dir = temporary()
    const put = (text: Buffer) => {
      writeFileSync(`${dir}/.new`, text)
      renameSync(`${dir}/.new`, `${dir}/check`)
    }
    put(bytes)
    const monitor = launch(recordOf("exec sleep 60", dir, { checked: true }), { program })
    const init = await monitor.parked()
    assert.is(await monitor.go(), undefined)
    const health = () => healthIn(`${dir}/health`)
    const change = (text: Buffer) => {
      put(text)
      monitor.child.kill("SIGHUP")
    }
    return { dir, monitor, init, health, change }
  }

  one(`health is there as soon as the command is, and is gone before its end is told${build}`, async () => {
    const { health, init, dir } = await begin(check("echo fine"))
    assert.is(health()?.status === "starting" || health()?.status === "healthy", true)
    await eventually(() => health()?.status === "healthy")
    assert.equal([health()?.ended, health()?.output], ["exit 0", "fine\n"])
    process.kill(init, "SIGKILL")
    await eventually(() => existsSync(`${dir}/state`))
    assert.is(existsSync(`${dir}/health`), false)
  })

  one(`a check is changed while one runs, which ends with what it has started${build}`, async () => {
    const { health, change, monitor } = await begin(check("sleep 60 & sleep 60"))
    await new Promise((resolve) => setTimeout(resolve, 300))
    change(check("exit 3"))
    await eventually(() => health()?.status === "unhealthy")
    assert.is(health()?.ended, "exit 3")
    change(check("sleep 60 & sleep 60", { timeout: 100 }))
    await eventually(() => health()?.ended === "timeout")
    change(check("x", { argv: ["/no/such"] }))
    await eventually(() => health()?.ended === "broken")
    assert.match(health()?.output ?? "", /not found in the container/)
    assert.is(monitor.child.exitCode, null)
  })

  one(`a check that is cut, or of chance bytes, is broken or none, and the monitor goes on${build}`, async () => {
    const whole = check("exit 0")
    const { health, change, monitor } = await begin(whole)
    for (let len = 0; len < whole.length; len += len < 32 ? 9 : 23) {
      change(whole.subarray(0, len))
      // The times stand in the first 28 bytes: without them there is no check.
      await eventually(() => (len < 28 ? health() === undefined : health()?.ended === "broken"))
    }
    for (let at = 0; at + 4 <= whole.length; at += 13) {
      const changed = Buffer.from(whole)
      changed.writeUInt32LE(0x7fffffff, at)
      change(changed)
      await new Promise((resolve) => setTimeout(resolve, 30))
      assert.is(monitor.child.exitCode, null, `changed at ${at}`)
    }
    change(whole)
    await eventually(() => health()?.status === "healthy")
  })
}

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
