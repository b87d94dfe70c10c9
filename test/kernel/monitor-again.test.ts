/** What a monitor makes of `launch` in its run folder when its command has ended, on the build with sanitizers, too. */
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { LaunchRecord } from "../../src/kernel/kernel.ts"
import type { AgainRecord } from "../../src/kernel/launch/again.ts"
import { encodeAgain } from "../../src/kernel/launch/again.ts"
import { eventually } from "../support/eventually.ts"
import { missing, testsUnless } from "../support/skip.ts"
import { cleanUp, launch, PROGRAM, recordOf, SANITIZED, temporary } from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

/** "" of what is not there: a monitor removes its files, too. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const builds: [string, string, ReturnType<typeof testsUnless>][] = [
  ["", PROGRAM, testsUnless(missing("unshare"))],
  [" (sanitizers)", SANITIZED, testsUnless(existsSync(SANITIZED) ? missing("unshare") : "not built: make -C native sanitize")],
]

for (const [build, program, one] of builds) {
  /** A container whose command ends, and what its monitor makes of it. */
  const begin = async (command: string, restart: string, different: Partial<LaunchRecord> = {}) => {
    const dir = temporary()
    const record = recordOf(command, dir, { restarts: "plain", ...different })
    const monitor = launch(record, { program })
    const put = (more: Partial<AgainRecord> = {}, bytes?: Buffer) => {
      const again = { restart, monitor: monitor.pid, stopSignal: 15, graceMs: 1000, launch: record, ...more }
      writeFileSync(`${dir}/.new`, bytes ?? encodeAgain(again))
      renameSync(`${dir}/.new`, `${dir}/launch`)
    }
    const init = await monitor.parked()
    put()
    assert.is(await monitor.go(), undefined)
    const read = (file: string) => textOf(`${dir}/${file}`)
    const said = () =>
      read("log")
        .split("\n")
        .map((line) => line.split(" ").slice(3).join(" "))
    const children = () => readFileSync(`/proc/${monitor.pid}/task/${monitor.pid}/children`, "utf8").trim()
    return { dir, record, monitor, put, read, said, init, children }
  }

  one(`it is started again after growing pauses, in the same namespaces, as often as it is to be${build}`, async () => {
    const { read, said, monitor } = await begin("readlink /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc; exit 3", "on-failure:2")
    await eventually(() => read("restarts").startsWith("count 2") && /^exit 3\nfinished \d+\n$/.test(read("state")))
    assert.is(read("restarts"), "count 2\nlast exit 3\n")
    const lines = said()
    const namespaces = lines.filter((line) => /^(net|uts|ipc):/.test(line))
    assert.is(namespaces.length, 9)
    assert.is(new Set(namespaces).size, 3)
    assert.equal(
      lines.filter((line) => line.startsWith("stack-monitor")),
      [
        "stack-monitor: the command has ended (exit 3); it is started again in 100 ms (restart 1 of 2)",
        "stack-monitor: the command has ended (exit 3); it is started again in 200 ms (restart 2 of 2)",
        "stack-monitor: the command has ended (exit 3); it was started again 2 times, and is not any more",
      ],
    )
    assert.is(monitor.child.exitCode, null)
  })

  one(`a good end is one for on-failure, and none for the others; in the pause the state says so${build}`, async () => {
    const good = await begin("exit 0", "on-failure")
    await eventually(() => good.read("state") !== "")
    assert.match(good.read("state"), /^exit 0\nfinished \d+\n$/)
    const again = await begin("exit 0", "unless-stopped")
    await eventually(() => again.read("state").endsWith("\nrestarting 200\n"))
    assert.match(again.read("state"), /^exit 0\nfinished \d+\nrestarting 200\n$/)
  })

  one(`whoever removes \`launch\`, or gives it to another monitor, has the last word${build}`, async () => {
    const { dir, read, children, put } = await begin("exit 1", "always")
    await eventually(() => read("state").endsWith("\nrestarting 200\n"))
    rmSync(`${dir}/launch`)
    await pause(500)
    assert.is(children(), "")
    put()
    await pause(500)
    assert.is(children(), "", "what was called off stays so")
    const other = await begin("exit 1", "always")
    await eventually(() => other.read("state").endsWith("\nrestarting 200\n"))
    other.put({ monitor: other.monitor.pid + 1 })
    const count = other.read("restarts")
    await pause(500)
    assert.equal([other.read("restarts"), other.children()], [count, ""])
  })

  one(`another \`launch\` is what it is started by from then on${build}`, async () => {
    const { read, said, put, record, init } = await begin("exec sleep 60", "always")
    put({ launch: { ...record, rlimits: [{ resource: 7, soft: "77", hard: "88" }], argv: ["sh", "-c", "ulimit -n; exec sleep 60"] } })
    process.kill(init, "SIGKILL")
    await eventually(() => said().includes("77"))
    assert.is(read("restarts"), "count 1\nlast signal 9\n")
    assert.is(read("state"), "")
  })

  one(`what cannot be started is tried again, and says why; of chance bytes nothing comes${build}`, async () => {
    const { said, put, record, init, read, monitor } = await begin("exec sleep 60", "on-failure:3")
    put({ launch: { ...record, cwd: "/etc/passwd" } })
    process.kill(init, "SIGKILL")
    await eventually(() => said().some((line) => line.includes("restart 2 of 3")))
    assert.match(
      said().join("\n"),
      /the command cannot be started: its working directory cannot be entered: Not a directory; it is started/,
    )
    // What is in the log is in the state a little later.
    await eventually(() => /^signal 9\nfinished \d+\nrestarting 200\n$/.test(read("state")))
    put({ launch: { ...record, argv: ["/no/such"] } })
    await eventually(() =>
      /cannot be started: the program: not found in the container; it was started again 3 times/.test(said().join("\n")),
    )
    await eventually(() => /^signal 9\nfinished \d+\n$/.test(read("state")))
    const descriptors = () =>
      readdirSync(`/proc/${monitor.pid}/fd`)
        .map(Number)
        .sort((x, y) => x - y)
    await eventually(() => descriptors().join() === "0,1,2,8,9,10,11,12,21", "a monitor that holds nothing more")
    const sound = ({ monitor: { pid } }: { monitor: { pid: number } }) =>
      encodeAgain({ restart: "always", monitor: pid, stopSignal: 15, graceMs: 0, launch: record })
    type Begun = Awaited<ReturnType<typeof begin>>
    for (const bytes of [(b: Begun) => sound(b).subarray(0, 40), (b: Begun) => sound(b).subarray(0, 200), () => Buffer.alloc(3000, 0x31)]) {
      const cut = await begin("exec sleep 60", "always")
      cut.put({}, bytes(cut))
      process.kill(cut.init, "SIGKILL")
      await eventually(() => cut.read("state") !== "")
      await pause(300)
      assert.equal([cut.children(), cut.monitor.child.exitCode], ["", null])
    }
  })

  one(`files are given once more; what is idle afterwards holds no more open than before${build}`, async () => {
    const files = [{ uid: 0, gid: 0, mode: 0o400, readOnly: true, bytes: Buffer.from("top secret\n") }]
    const setup: LaunchRecord["setup"] = [
      { op: "mount-root", source: "tmpfs", path: "/mnt", type: "tmpfs", flags: 0, data: "" },
      { op: "mount-root", source: "/", path: "/mnt", type: "bind", flags: 0x4000, data: "" },
      { op: "root", path: "/mnt" },
      { op: "tmpfs", target: "/tmp", flags: 0, data: "" },
      { op: "tmpfs", target: "/tmp/kept", flags: 0, data: "" },
      { op: "give", file: 0, folder: "/tmp/kept", target: "/tmp/given" },
      { op: "pivot" },
    ]
    const { said, init, monitor, dir, children } = await begin("cat /tmp/given; exec sleep 60", "always", {
      files,
      setup,
      restarts: "giving",
    })
    await eventually(() => said().includes("top secret"))
    const open = (pid: number | string) => readdirSync(`/proc/${pid}/fd`).sort().join()
    const before = open(monitor.pid)
    assert.not.ok(readFileSync(`${dir}/launch`).includes("top secret"))
    process.kill(init, "SIGKILL")
    await eventually(() => said().filter((line) => line === "top secret").length === 2)
    await eventually(() => open(monitor.pid) === before)
    const child = children()
    await eventually(() => readFileSync(`/proc/${child}/cmdline`, "utf8").startsWith("sleep"))
    // A program reads files of its own while it begins.
    await eventually(() => open(child) === "0,1,2")
    assert.is(readlinkSync(`/proc/${child}/ns/net`), readlinkSync(`/proc/${monitor.pid}/fd/10`))
  })
}

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
