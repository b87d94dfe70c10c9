/** What a step has asked the kernel for is waited for, also where something else of it fails: else that refusal would end the process, as nobody's. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { apply } from "../../property/life.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import { loadText, told } from "../stackfile/load.ts"

const LINKS = `name: lab
containers:
  job:
    command: [sleep, infinity]
    interfaces: { d0: { dummy: {} }, x1: { vxlan: { id: 8, link_netns: container, remote: 192.0.2.9 } }, v5: { vlan: { link: d0, id: 5 } } }
`

test("links of both sorts: a run that is killed anywhere among them leaves nothing that is nobody's", async () => {
  const stack = loadText(LINKS)
  if (stack.desired === undefined) throw new Error(told(stack))
  const orphans: unknown[] = []
  const listener = (reason: unknown) => orphans.push(reason)
  process.on("unhandledRejection", listener)
  for (const fault of ["kill-before", "kill-after"] as const) {
    for (let at = 1; at < 40; at++) {
      await apply(
        fakeKernel({ layout: "hybrid" }).restart((n) => (n === at ? fault : undefined)),
        stack.desired,
      ).catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  process.off("unhandledRejection", listener)
  assert.equal(orphans, [])
})

test.run()
