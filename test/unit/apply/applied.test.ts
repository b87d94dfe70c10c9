/** The record of what the last apply wanted: by it drift is told, and by nothing else. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { readApplied } from "../../../src/observe/applied.ts"
import { bridge, cgroup, container } from "../../kinds/resources.ts"
import { apply, destroy, mustConverge, plan } from "../../property/life.ts"
import type { FakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

const FILE = "/run/stack/lab/.applied/attributes.json"
const lab = (mtu: number) => ({ stack: "lab", resources: [bridge("lan", { mtu }), cgroup("tier", { limits: { pids: 500 } })] })

/** The changes that a plan has, each with what it calls drift. */
function told(kernel: FakeKernel, desired: Parameters<typeof plan>[1]): { [address: string]: string[] | boolean } {
  const changes = plan(kernel, desired).plan.changes.filter((change) => change.action !== "no-op")
  return Object.fromEntries(
    changes.map(({ address, drift, fields }) => [address, drift && fields.map((f) => `${f.path}${f.drift ? "" : " (file)"}`)]),
  )
}

async function applied(): Promise<FakeKernel> {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, lab(1500)))
  return kernel.restart()
}

test("what the file newly wants is no drift, what someone changed meanwhile is", async () => {
  const kernel = await applied()
  assert.equal(told(kernel, lab(9000)), { "bridge.lan": false })
  kernel.net("host", [{ op: "link-set", link: "lab-lan", bridge: { stp: true } }])
  assert.equal(told(kernel, lab(9000)), { "bridge.lan": ["mtu (file)", "stp"] })
})

test("what is gone without the file's doing is drift; after a reboot nothing is", async () => {
  const kernel = await applied()
  kernel.net("host", [{ op: "link-delete", link: "lab-lan" }])
  assert.equal(told(kernel, lab(1500)), { "bridge.lan": [] })
  kernel.replaceFile(FILE, (kernel.read(FILE) ?? "").replace(/"boot":"[^"]*"/, '"boot":"another"'))
  assert.equal(told(kernel, lab(1500)), { "bridge.lan": false })
})

test("a record that is gone, or no record at all, tells nothing", async () => {
  for (const text of [
    undefined,
    "",
    "null",
    "7",
    '{"version":2}',
    '{"version":1,"boot":"b"}',
    '{"version":1,"boot":"b","attributes":{"x":[]}}',
  ]) {
    const kernel = await applied()
    if (text === undefined) kernel.removeTree("/run/stack/lab/.applied")
    else kernel.replaceFile(FILE, text)
    kernel.net("host", [{ op: "link-set", link: "lab-lan", mtu: 1400 }])
    assert.is(readApplied(kernel, "lab", "b").size, 0, text)
    assert.equal(told(kernel, lab(1500)), { "bridge.lan": false })
    mustConverge(await apply(kernel, lab(1500)))
  }
})

test("an apply that finds nothing to do brings the record in line; one that finds nothing at all removes it", async () => {
  const kernel = await applied()
  kernel.net("host", [{ op: "link-set", link: "lab-lan", mtu: 1400 }])
  mustConverge(await apply(kernel, lab(1400)))
  kernel.net("host", [{ op: "link-set", link: "lab-lan", mtu: 1500 }])
  assert.equal(told(kernel, lab(1400)), { "bridge.lan": ["mtu"] })
  kernel.net("host", [{ op: "link-delete", link: "lab-lan" }])
  const { resources } = lab(1500)
  mustConverge(await apply(kernel, { stack: "lab", resources: resources.slice(1) }))
  assert.not.match(kernel.read(FILE) ?? "", "bridge.lan")
  mustConverge(await destroy(kernel, "lab"))
  assert.equal(kernel.list("/run/stack"), [])
})

test("a record that says the same with its keys in another order is left alone; one as long that says something else is not", async () => {
  const kernel = await applied()
  const text = kernel.read(FILE) ?? ""
  const { attributes, ...rest } = JSON.parse(text)
  const turned = `${JSON.stringify({ attributes: Object.fromEntries(Object.entries(attributes).reverse()), ...rest })}\n`
  assert.is.not(turned, text)
  const other = text.replace('"mtu":1500', '"mtu":1501')
  assert.is.not(other, text)
  for (const [present, after] of [
    [turned, turned],
    [other, text],
    ["x".repeat(text.length), text],
  ] as const) {
    kernel.replaceFile(FILE, present)
    mustConverge(await apply(kernel, lab(1500)))
    assert.is(kernel.read(FILE), after)
  }
})

test("what may drift is left so again and again, also when what else differs is repaired", async () => {
  const limits = { memory: 67_108_864, pids: 64 }
  const web = { ...container("web", { limits }), ignoreDrift: ["limits.memory"] }
  const desired = { stack: "lab", resources: [web] }
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, desired))
  kernel.write("/sys/fs/cgroup/stack/lab/web/memory.max", "33554432")
  kernel.write("/sys/fs/cgroup/stack/lab/web/pids.max", "7")
  mustConverge(await apply(kernel, desired))
  assert.is(kernel.read("/sys/fs/cgroup/stack/lab/web/memory.max")?.trim(), "33554432")
  assert.is(kernel.read("/sys/fs/cgroup/stack/lab/web/pids.max")?.trim(), "64")
})

test("what the file newly wants of what it moves is wanted still when another apply has left it alone, or was cut short", async () => {
  const of = (name: string, memory: number) => ({ ...container(name, { limits: { memory } }), ignoreDrift: ["limits.memory"] })
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, { stack: "lab", resources: [of("www", 67_108_864)] }))
  const moved = { stack: "lab", resources: [of("web", 134_217_728)], moved: [{ from: "container.www", to: "container.web" }] }
  await apply(kernel, moved, { signal: AbortSignal.abort() })
  for (const desired of [moved, { stack: "lab", resources: [of("www", 134_217_728)] }]) {
    const fields = plan(kernel, desired).plan.changes.flatMap((change) => change.fields.map(({ path }) => path))
    assert.ok(fields.includes("limits.memory"), fields.join(", "))
  }
  mustConverge(await apply(kernel, moved))
  assert.is(kernel.read("/sys/fs/cgroup/stack/lab/web/memory.max")?.trim(), "134217728")
})

test.run()
