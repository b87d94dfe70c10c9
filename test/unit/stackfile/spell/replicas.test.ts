import { test } from "uvu"
import * as assert from "uvu/assert"
import { mergeReplicas } from "../../../../src/stackfile/spell/replicas.ts"

test("what is alike is said once, what holds the number with the index in its place", () => {
  const of = (i: number) => ({
    command: ["worker", `${i}`, `n1${i}.lan`],
    limits: { pids: 9 },
    interfaces: { eth0: { address: `10.0.0.1${i}/24` } },
  })
  assert.equal(mergeReplicas([of(0), of(1), of(2)]), {
    entry: {
      command: ["worker", `$\{index}`, `n1$\{index}.lan`],
      replicas: 3,
      limits: { pids: 9 },
      interfaces: { eth0: { address: `10.0.0.1$\{index}/24` } },
    },
    lost: [],
  })
})

test("addresses without a rule are automatic, id maps left out, and anything else is lost and told", () => {
  const of = (address: string, idmap: string, pids: number) => ({
    idmap: { uid: [idmap] },
    limits: { pids },
    interfaces: { eth0: { address } },
  })
  assert.equal(mergeReplicas([of("10.0.0.7/24", "0 100000 65536", 5), of("10.0.0.9/24", "0 300000 65536", 6)]), {
    entry: { replicas: 2, limits: { pids: 5 }, interfaces: { eth0: { address: "auto" } } },
    lost: ["limits.pids"],
  })
})

test("one alone keeps what it has", () => {
  assert.equal(mergeReplicas([{ command: ["a0"], idmap: { size: 5 } }]), {
    entry: { command: ["a0"], replicas: 1, idmap: { size: 5 } },
    lost: [],
  })
})

test("several addresses of one interface are automatic together, or each by its number", () => {
  const entry = (...address: string[]) => ({ interfaces: { eth0: { address } } })
  assert.equal(mergeReplicas([entry("10.0.0.7/24", "fd00::a1/64"), entry("10.0.0.9/24", "fd00::c4/64")]), {
    entry: { replicas: 2, interfaces: { eth0: { address: "auto" } } },
    lost: [],
  })
  assert.equal(mergeReplicas([entry("10.0.0.10/24", "fd00::10/64"), entry("10.0.0.11/24", "fd00::11/64")]).entry, {
    replicas: 2,
    interfaces: { eth0: { address: ["10.0.0.1${index}/24", "fd00::1${index}/64"] } },
  })
})

test.run()
