import { readFileSync, readlinkSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { LaunchRecord, NamespaceKind } from "../../src/kernel/kernel.ts"
import { cleanUp, KINDS, launch, MAP, NS_FILES, recordOf, spaces, started, temporary } from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

type Spaces = LaunchRecord["namespaces"]

function linkOf(pid: number | "self", kind: NamespaceKind): string {
  return readlinkSync(`/proc/${pid}/ns/${NS_FILES[kind]}`)
}

/** A container with seven namespaces of its own, for others to join. */
async function host(): Promise<number> {
  return (await started(recordOf("exec sleep 60", temporary()))).pid
}

function joined(pid: number): Spaces {
  return Object.fromEntries(KINDS.map((kind) => [kind, `/proc/${pid}/ns/${NS_FILES[kind]}`])) as Spaces
}

/** Starts a container in these namespaces and compares each with what was asked for. */
async function check(namespaces: Spaces, other: number): Promise<void> {
  const { pid } = await started(recordOf("exec sleep 60", temporary(), { namespaces }))
  for (const kind of KINDS) {
    const [own, ours, others] = [linkOf(pid, kind), linkOf("self", kind), linkOf(other, kind)]
    const what = `${kind} of ${JSON.stringify(namespaces)}`
    if (namespaces[kind] === "host") assert.is(own, ours, what)
    else if (namespaces[kind] === "new") assert.ok(own !== ours && own !== others, what)
    else assert.is(own, others, what)
  }
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  const map = namespaces.user === "host" ? /^\s+0\s+0\s/ : /^\s+0\s+700000\s+65536\n/
  assert.match(readFileSync(`/proc/${pid}/uid_map`, "utf8"), map)
  assert.match(status, namespaces.user === "host" ? /^Uid:\t0\t0\t0\t0$/m : /^Uid:\t700000\t700000\t700000\t700000$/m)
}

for (const kind of KINDS) {
  test(`${kind}: new, host and joined, all else of the host`, async () => {
    const other = await host()
    await check(spaces("host", { [kind]: "new" }), other)
    await check(spaces("host", { [kind]: joined(other)[kind] }), other)
  })

  test(`${kind}: host and joined, all else new`, async () => {
    const other = await host()
    await check(spaces("new", { [kind]: "host" }), other)
    await check(spaces("new", { [kind]: joined(other)[kind] }), other)
  })

  test(`${kind}: new, all else joined`, async () => {
    const other = await host()
    await check({ ...joined(other), [kind]: "new" }, other)
  })
}

test("all seven new, of the host, or joined", async () => {
  const other = await host()
  await check(spaces("new"), other)
  await check(spaces("host"), other)
  await check(joined(other), other)
})

test("a first process in a joined pid namespace is a child of its own monitor", async () => {
  const other = await host()
  const { monitor, pid } = await started(recordOf("exec sleep 60", temporary(), { namespaces: joined(other) }))
  assert.is(readFileSync(`/proc/${monitor.pid}/task/${monitor.pid}/children`, "utf8"), `${pid} `)
})

test("a namespace that is not there fails at its join", async () => {
  const monitor = launch(
    recordOf("true", temporary(), { namespaces: spaces("new", { uts: "/proc/self/ns/nothing" }), uidMap: MAP, gidMap: MAP }),
  )
  assert.equal(await monitor.next(), { kind: "failed", stage: 8, index: 4, errno: 2 })
  assert.is(await monitor.ending(), 1)
})

test("a file that is no namespace fails at its join", async () => {
  const monitor = launch(recordOf("true", temporary(), { namespaces: spaces("new", { net: "/etc/passwd" }) }))
  assert.equal(await monitor.next(), { kind: "failed", stage: 8, index: 3, errno: 22 })
})

test("the monitor holds net, uts and ipc, at 10, 11 and 12, and those of the host not at all", async () => {
  const { monitor, pid } = await started(recordOf("exec sleep 60", temporary(), { namespaces: spaces("new", { uts: "host" }) }))
  assert.is(readlinkSync(`/proc/${monitor.pid}/fd/10`), linkOf(pid, "net"))
  assert.throws(() => readlinkSync(`/proc/${monitor.pid}/fd/11`), /ENOENT/)
  assert.is(readlinkSync(`/proc/${monitor.pid}/fd/12`), linkOf(pid, "ipc"))
})

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
