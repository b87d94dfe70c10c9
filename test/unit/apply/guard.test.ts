import { test } from "uvu"
import * as assert from "uvu/assert"
import { objectGuard } from "../../../src/apply/guard.ts"
import type { Change } from "../../../src/model/change.ts"
import type { Observed } from "../../../src/model/resource.ts"
import type { Step } from "../../../src/model/step.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

function step(op: string, kind: Observed["kind"], live: Observed["live"]): Step {
  const address = `${kind}.x`
  const observed: Observed = { kind, address, name: "x", attributes: {}, live }
  const change: Change = {
    address,
    kind,
    name: "x",
    action: "update",
    cause: "",
    fields: [],
    drift: false,
    before: {},
    after: {},
    observed,
  }
  return { id: `${address}:${op}`, op, address, cause: "", after: [], change }
}

const detail = (kernel: ReturnType<typeof fakeKernel>, one: Step) => objectGuard(kernel)([one])[0]?.detail

test("a link: the one that was seen, under its name", () => {
  const kernel = fakeKernel()
  kernel.net("host", [{ op: "bridge-add", name: "br0", group: 1, up: true, bridge: {} }])
  const live = { ifindex: kernel.dump("host").links.find(({ name }) => name === "br0")?.index ?? 0, interface: "br0" }
  assert.is(detail(kernel, step("update", "bridge", live)), undefined)
  kernel.net("host", [{ op: "link-set", link: "br0", up: false, name: "br1" }])
  assert.match(detail(kernel, step("update", "bridge", live)) ?? "", /^bridge\.x: link \d+ is called br1 now$/)
  kernel.net("host", [{ op: "link-delete", link: "br1" }])
  assert.match(detail(kernel, step("update", "bridge", live)) ?? "", /^bridge\.x: link \d+ is gone$/)
  assert.is(detail(kernel, step("delete", "bridge", live)), undefined)
})

test("a group by its inode, a container by its monitor, each once", () => {
  const kernel = fakeKernel()
  kernel.mkdir("/run/group", 0o755)
  const live = { path: "/run/group", inode: kernel.inode("/run/group") ?? "" }
  assert.is(detail(kernel, step("update", "cgroup", live)), undefined)
  kernel.rmdir("/run/group")
  kernel.mkdir("/run/group", 0o755)
  assert.match(detail(kernel, step("update", "cgroup", live)) ?? "", /is another one$/)
  const gone = { monitor: { pid: 4_000_000, startTime: "1" } }
  const guard = objectGuard(kernel)
  assert.match(guard([step("limits", "container", gone)])[0]?.detail ?? "", /process 4000000, is gone$/)
  assert.is(guard([step("routes", "container", gone)])[0], undefined)
  assert.is(detail(kernel, step("stop", "container", gone)), undefined)
})

test.run()
