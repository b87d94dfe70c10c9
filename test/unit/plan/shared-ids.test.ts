/** Ids of two stacks. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { IdHolder } from "../../../src/model/resource.ts"
import { sharedIds } from "../../../src/plan/shared-ids.ts"
import { HOST } from "../../kinds/read-case.ts"
import { container } from "../../kinds/resources.ts"

type Ids = [container: number, host: number, count: number]
const map = (...ranges: Ids[]) => ranges.map(([inside, host, count]) => ({ container: inside, host, count }))
const web = (name: string, uid: Ids[], gid: Ids[] = uid) => container(name, { uid_map: map(...uid), gid_map: map(...gid) })
const holder = (stack: string, name: string, ...ranges: [host: number, count: number][]): IdHolder => {
  const ids = ranges.map(([host, count]) => ({ host, count }))
  return { stack, address: `container.${name}`, uid: ids, gid: ids }
}
const told = (resources: ReturnType<typeof web>[], ...idHolders: IdHolder[]) =>
  sharedIds({ stack: "lab", resources }, { ...HOST, idHolders }).map(
    ({ severity, address, summary }) => `${severity} ${address}: ${summary}`,
  )

test("each map is told once of each other stack, with what is shared", () => {
  const both = [
    web("a", [[0, 300_000, 65_536]]),
    web("b", [[0, 300_000, 65_536]]),
    web("c", [
      [0, 1000, 1],
      [1, 365_535, 10],
    ]),
  ]
  assert.equal(told(both, holder("two", "x", [365_535, 1]), holder("two", "y", [0, 300_001]), holder("one", "z", [400_000, 9])), [
    "warning container.a: host user ids 365535 to 365535 are those of container.x of stack two, and 1 more of it too",
    "warning container.c: host user ids 365535 to 365535 are those of container.x of stack two, and 1 more of it too",
  ])
  assert.equal(told(both, holder("two", "x", [300_000, 1]), holder("one", "z", [300_002, 1])), [
    "warning container.a: host user ids 300002 to 300002 are those of container.z of stack one too",
    "warning container.a: host user ids 300000 to 300000 are those of container.x of stack two too",
  ])
})

test("group ids alone; ranges that touch, ids that are the host's own, and maps that the planner chooses are nobody's", () => {
  const groups = [web("a", [[0, 1000, 10]], [[0, 2000, 10]])]
  assert.equal(told(groups, holder("two", "x", [2009, 5])), [
    "warning container.a: host group ids 2009 to 2009 are those of container.x of stack two too",
  ])
  assert.equal(told(groups, holder("two", "x", [1010, 10], [990, 10], [2010, 10])), [])
  assert.equal(told([web("a", [[1000, 1000, 10]])], holder("two", "x", [1000, 10])), [])
  assert.equal(told([container("a", { uid_map: { auto: 65_536 }, gid_map: { auto: 65_536 } })], holder("two", "x", [0, 1_000_000])), [])
})

test.run()
