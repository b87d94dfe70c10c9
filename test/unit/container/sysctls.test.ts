import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Attributes, Desired } from "../../../src/model/resource.ts"
import { container } from "../../kinds/resources.ts"
import { apply, mustConverge, plan } from "../../property/life.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

const PING = "net.ipv4.ping_group_range"
const MAP = [{ container: 0, host: 700_000, count: 65_536 }]

function lab(sysctls: { [name: string]: string }, more: Attributes = {}): Desired {
  return { stack: "lab", resources: [container("web", { gid_map: MAP, uid_map: MAP, sysctls, ...more })] }
}

function hostValue(kernel: ReturnType<typeof fakeKernel>): string | undefined {
  const spaces = [...kernel.machine.namespaces.values()].filter((n) => n.kind === "net")
  return spaces.at(-1)?.sysctls.get("net/ipv4/ping_group_range")
}

test("groups of a sysctl are the container's own, and shown so, at creation and when they change", async () => {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab({ [PING]: "0 100" })))
  assert.is(hostValue(kernel), "700000\t700100")
  assert.equal(plan(kernel, lab({ [PING]: "0 200" })).plan.changes[0]?.cause, `sysctls.${PING}: 0 100 -> 0 200`)
  mustConverge(await apply(kernel.restart(), lab({ [PING]: "5 200" })))
  assert.is(hostValue(kernel), "700005\t700200")
})

test("no longer named, the groups are again those that every container gets", async () => {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab({ [PING]: "0 100" })))
  const next = kernel.restart()
  mustConverge(await apply(next, lab({})))
  assert.is(hostValue(next), "700000\t765535")
})

test("no group at all is the same to everyone", async () => {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab({ [PING]: "1 0" })))
  assert.is(hostValue(kernel), "1\t0")
  const next = kernel.restart()
  mustConverge(await apply(next, lab({ [PING]: "0 9" })))
  const last = next.restart()
  mustConverge(await apply(last, lab({ [PING]: "1 0" })))
})

test("a group that the container does not have is refused, and said so", async () => {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab({ [PING]: "0 100" })))
  const { failed } = await apply(kernel.restart(), lab({ [PING]: "0 70000" }))
  assert.is(failed[0]?.diagnostic.errno, "EINVAL")
})

test("without a user namespace of its own they are the host's", async () => {
  const namespaces = { ...(container("web").attributes.namespaces as Attributes), user: "host" }
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab({ [PING]: "0 100" }, { namespaces, uid_map: [], gid_map: [] })))
  assert.is(hostValue(kernel), "0\t100")
})

const PORTS = "net.ipv4.ip_local_port_range"

test("what the kernel has refused was not applied: it is no drift that it is not there", async () => {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab({})))
  const wish = lab({ [PING]: "0 100", [PORTS]: "abc" }, { labels: { x: "y" } })
  const { failed } = await apply(kernel.restart(), wish)
  assert.is(failed[0]?.diagnostic.errno, "EINVAL")
  const [change] = plan(kernel.restart(), wish).plan.changes
  assert.equal([change?.fields.map((f) => f.path), change?.drift], [[`sysctls.${PORTS}`], false])
})

test("one that was written before the kernel refused another goes back when it is no longer named", async () => {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab({})))
  await apply(kernel.restart(), lab({ [PING]: "0 100", [PORTS]: "abc" }))
  assert.is(hostValue(kernel), "700000\t700100")
  const next = kernel.restart()
  mustConverge(await apply(next, lab({})))
  assert.is(hostValue(next), "700000\t765535")
})

test.run()
