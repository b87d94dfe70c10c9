import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Desired, HostFacts, Resource, Snapshot } from "../../../src/model/resource.ts"
import { settle } from "../../../src/plan/settle.ts"
import { HOST } from "../../kinds/read-case.ts"
import { bridge, container, endpoint, iface, observed, veth } from "../../kinds/resources.ts"

const AUTO_IDS = { uid_map: { auto: 65_536 }, gid_map: { auto: 65_536 } }

function desired(...resources: Resource[]): Desired {
  return { stack: "lab", resources }
}

function snapshot(found: ReturnType<typeof observed>[] = [], host: Partial<HostFacts> = {}): Snapshot {
  return { resources: new Map(found.map((o) => [o.address, o])), foreign: [], host: { ...HOST, ...host } }
}

function attribute(settled: ReturnType<typeof settle>, address: string, key: string): unknown {
  return settled.desired.resources.find((r) => r.address === address)?.attributes[key]
}

test("an explicit stack is left as it is", () => {
  const wanted = desired(bridge("lan"), container("web", { limits: { pids: 5 } }), iface("web.eth0", { address: ["10.0.0.2/24"] }))
  assert.equal(settle(wanted, snapshot()), { desired: wanted, diagnostics: [] })
})

test("a container of which nothing is said has a limit of processes where the host can hold it to one", () => {
  const limits = (given: object, host: Partial<HostFacts> = {}) =>
    attribute(settle(desired(container("web", { limits: { ...given } })), snapshot([], host)), "container.web", "limits")
  assert.equal(limits({ memory: 4096 }), { memory: 4096, pids: 1024 })
  assert.equal(limits({}, { controllers: { pids: "v1" } }), { pids: 1024 })
  assert.equal(limits({}, { controllers: { memory: "v2" } }), {})
  assert.equal([limits({ pids: 64 }), limits({ pids: "max" })], [{ pids: 64 }, { pids: "max" }])
})

test("the same choice whatever the order of the file", () => {
  const resources = Array.from({ length: 30 }, (_, i) => [container(`c${i}`, AUTO_IDS), iface(`c${i}.eth0`, { address: ["auto"] })]).flat()
  const lan = bridge("lan", { address: ["10.0.0.1/26"] })
  const one = settle(desired(lan, ...resources), snapshot())
  const two = settle(desired(...[...resources].reverse(), lan), snapshot())
  for (const { address } of resources) {
    assert.equal(attribute(one, address, "address"), attribute(two, address, "address"))
    assert.equal(attribute(one, address, "uid_map"), attribute(two, address, "uid_map"))
  }
})

test("where a user has few ids, maps that nobody gave a size are small, others as large as they were asked for", () => {
  const few = { idPiece: 4096, subordinateIds: { uid: [{ host: 1, count: 65_536 }], gid: [{ host: 1, count: 65_536 }] } }
  const usual = { uid_map: { auto: 65_536, orLess: true }, gid_map: { auto: 65_536, orLess: true } }
  const names = Array.from({ length: 14 }, (_, i) => `c${i}`)
  const sized = { uid_map: { auto: 5000 }, gid_map: { auto: 5000 } }
  const result = settle(desired(container("sized", sized), ...names.map((name) => container(name, usual))), snapshot([], few))
  assert.equal(result.diagnostics, [])
  const maps = names.map((name) => attribute(result, `container.${name}`, "uid_map") as { host: number; count: number }[])
  assert.ok(maps.every(([range]) => range?.count === 4096 && (range.host - 1) % 4096 === 0))
  assert.is(new Set(maps.map(([range]) => range?.host)).size, names.length)
  assert.is((attribute(result, "container.sized", "uid_map") as { count: number }[])[0]?.count, 5000)
  const whole = settle(desired(container("a", AUTO_IDS), container("b", AUTO_IDS)), snapshot([], few))
  assert.equal(
    whole.diagnostics.map(({ code }) => code),
    ["ids-exhausted", "ids-exhausted"],
  )
})

test("a full subnet is used to its last address, and no address twice", () => {
  const names = Array.from({ length: 13 }, (_, i) => `c${i}.eth0`)
  const result = settle(
    desired(bridge("lan", { address: ["10.0.0.1/28"] }), ...names.map((n) => iface(n, { address: ["auto"] }))),
    snapshot(),
  )
  const given = names.map((n) => (attribute(result, `interface.${n}`, "address") as string[])[0])
  const free = Array.from({ length: 13 }, (_, i) => `10.0.0.${i + 2}/28`)
  assert.equal([...given].sort(), free.sort())
  assert.equal(result.diagnostics, [])
})

test("gateways, veth ends and explicit addresses are not handed out", () => {
  const result = settle(
    desired(
      bridge("lan", { address: ["10.0.0.1/29"] }),
      iface("a.eth0", { address: ["auto"], gateway: ["10.0.0.2"] }),
      iface("b.eth0", { address: ["10.0.0.3/29"] }),
      veth("x", {
        endpoints: [endpoint("container.a", "eth1", { address: ["10.0.0.4/29"] }), endpoint("host", "x0", { address: ["10.0.0.5/29"] })],
      }),
    ),
    snapshot(),
  )
  assert.equal(attribute(result, "interface.a.eth0", "address"), ["10.0.0.6/29"])
})

test("one address for each subnet of the bridge, both families", () => {
  const lan = bridge("lan", { address: ["10.0.0.1/24", "192.168.7.1/24", "fd20::1/64"] })
  const result = settle(desired(lan, iface("a.eth0", { address: ["auto"] })), snapshot())
  const list = attribute(result, "interface.a.eth0", "address") as string[]
  assert.is(list.length, 3)
  assert.match(list[0] as string, /^10\.0\.0\.\d+\/24$/)
  assert.match(list[1] as string, /^192\.168\.7\.\d+\/24$/)
  assert.match(list[2] as string, /^fd20::[0-9a-f:]+\/64$/)
})

test("a kept address that another now names is given up", () => {
  const a = iface("a.eth0", { address: ["auto"] })
  const result = settle(
    desired(bridge("lan", { address: ["10.0.0.1/24"] }), a, iface("b.eth0", { address: ["10.0.0.9/24"] })),
    snapshot([observed(a, { address: ["10.0.0.9/24"] })]),
  )
  assert.not.equal(attribute(result, "interface.a.eth0", "address"), ["10.0.0.9/24"])
})

test("a kept address of a subnet that is no more is given up", () => {
  const a = iface("a.eth0", { address: ["auto"] })
  const result = settle(desired(bridge("lan", { address: ["10.0.0.1/24"] }), a), snapshot([observed(a, { address: ["10.9.0.9/24"] })]))
  assert.match((attribute(result, "interface.a.eth0", "address") as string[])[0] as string, /^10\.0\.0\./)
})

test("a tampered network or broadcast address is not kept", () => {
  const a = iface("a.eth0", { address: ["auto"] })
  for (const wrong of ["10.0.0.0/30", "10.0.0.3/30"]) {
    const result = settle(desired(bridge("lan", { address: ["10.0.0.1/30"] }), a), snapshot([observed(a, { address: [wrong] })]))
    assert.equal(attribute(result, "interface.a.eth0", "address"), ["10.0.0.2/30"])
  }
})

test("ids: ranges of other stacks and explicit ones are avoided", () => {
  const taken = [{ host: 100_000, count: 65_536 * 2 }]
  const subordinateIds = { uid: [{ host: 100_000, count: 65_536 * 4 }], gid: [{ host: 500_000, count: 65_536 }] }
  const fixed = container("fixed", { uid_map: [{ container: 0, host: 231_072, count: 65_536 }], gid_map: [] })
  const result = settle(desired(fixed, container("a", AUTO_IDS)), snapshot([], { takenIds: taken, subordinateIds }))
  assert.equal(attribute(result, "container.a", "uid_map"), [{ container: 0, host: 296_608, count: 65_536 }])
  assert.equal(attribute(result, "container.a", "gid_map"), [{ container: 0, host: 500_000, count: 65_536 }])
  assert.equal(result.diagnostics, [])
})

test("ids: a range larger than a slot takes neighbours of one entry", () => {
  const subordinateIds = {
    uid: [
      { host: 100_000, count: 65_536 },
      { host: 400_000, count: 65_536 * 2 },
    ],
    gid: [{ host: 0, count: 0 }],
  }
  const wide = container("wide", { uid_map: { auto: 100_000 }, gid_map: [] })
  const result = settle(desired(wide), snapshot([], { subordinateIds }))
  assert.equal(attribute(result, "container.wide", "uid_map"), [{ container: 0, host: 400_000, count: 100_000 }])
})

test("ids: a range of a container about to go is handed out only when nothing else is left", () => {
  const old = observed(container("old", { uid_map: [{ container: 0, host: 100_000, count: 65_536 }], gid_map: [] }))
  const wanted = desired(container("new", { uid_map: { auto: 65_536 }, gid_map: [] }))
  const hosts = (count: number) => {
    const result = settle(wanted, snapshot([old], { subordinateIds: { uid: [{ host: 100_000, count }], gid: [] } }))
    return (attribute(result, "container.new", "uid_map") as { host: number }[])[0]?.host
  }
  assert.is(hosts(65_536 * 2), 165_536)
  assert.is(hosts(65_536), 100_000)
})

test("ids: one outside what the host now gives is chosen anew", () => {
  const a = container("a", { uid_map: { auto: 65_536 }, gid_map: [] })
  const result = settle(
    desired(a),
    snapshot([observed(a, { uid_map: [{ container: 0, host: 100_000, count: 65_536 }] })], {
      subordinateIds: { uid: [{ host: 300_000, count: 65_536 }], gid: [] },
    }),
  )
  assert.equal(attribute(result, "container.a", "uid_map"), [{ container: 0, host: 300_000, count: 65_536 }])
})

test("a thousand containers settle, each with ids of its own", () => {
  const resources = Array.from({ length: 1000 }, (_, i) => [
    container(`c${i}`, AUTO_IDS),
    iface(`c${i}.eth0`, { address: ["auto"] }),
  ]).flat()
  const wanted = desired(bridge("lan", { address: ["10.0.0.1/22", "fd20::1/64"] }), ...resources)
  const result = settle(wanted, snapshot())
  assert.equal(result.diagnostics, [])
  const hosts = resources
    .filter((r) => r.kind === "container")
    .map((r) => (attribute(result, r.address, "uid_map") as { host: number }[])[0]?.host)
  assert.is(new Set(hosts).size, 1000)
})

test.run()
