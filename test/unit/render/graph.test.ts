import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Attributes, Desired, KindName } from "../../../src/model/resource.ts"
import { stepGraph, topology, withGroups } from "../../../src/render/graph.ts"
import { graphDot } from "../../../src/render/graph-dot.ts"
import { graphList } from "../../../src/render/graph-list.ts"
import { graphText } from "../../../src/render/graph-text.ts"
import { change, planOf, step } from "./sample.ts"

function resource(address: string, attributes: Attributes) {
  const dot = address.indexOf(".")
  const [kind, name] = [address.slice(0, dot) as KindName, address.slice(dot + 1)]
  return { kind, address, name, attributes, references: [], range: () => undefined }
}

function plug(container: string, bridge: string, name: string, address: string) {
  return resource(`interface.${container}.${name}`, {
    bridge: `bridge.${bridge}`,
    container: `container.${container}`,
    interface: name,
    address: [address],
  })
}

const lab: Desired = {
  stack: "lab",
  resources: [
    resource("bridge.lan", {}),
    resource("bridge.wan", {}),
    resource("cgroup.tier", {}),
    resource("container.web", { cgroup: "tier" }),
    plug("web", "lan", "eth0", "10.0.0.2/24"),
    resource("container.r", { cgroup: "" }),
    plug("r", "lan", "eth0", "10.0.0.3/24"),
    plug("r", "wan", "eth1", "10.1.0.3/24"),
  ],
}

test("topology as dot: things are nodes, interfaces are edges, a group holds its members", () => {
  assert.is(
    graphDot(withGroups(topology(lab), lab)),
    `digraph "lab" {
  rankdir=LR
  edge [dir=none]
  "bridge.lan" [shape=ellipse]
  "bridge.wan" [shape=ellipse]
  "cgroup.tier" [shape=folder]
  "container.web" [shape=box]
  "container.r" [shape=box]
  "bridge.lan" -> "container.web" [label="eth0 10.0.0.2/24"]
  "bridge.lan" -> "container.r" [label="eth0 10.0.0.3/24"]
  "bridge.wan" -> "container.r" [label="eth1 10.1.0.3/24"]
  "container.web" -> "cgroup.tier"
}
`,
  )
})

test("what lies on an interface of its container, or on a pair's end, is told with that, and joins nothing", () => {
  const on = (container: string, link: string, name: string, address: string[]) =>
    resource(`interface.${container}.${name}`, {
      ...{ container: `container.${container}`, interface: name, address, parent: `interface.${container}.${link}` },
      link: { kind: "vlan", link, id: 10 },
    })
  const end = (container: string) => ({ container: `container.${container}`, interface: "up0", address: [] })
  const { nodes, edges } = topology({
    stack: "lab",
    resources: [
      ...lab.resources,
      on("r", "eth1", "eth1.10", ["10.0.10.1/24"]),
      on("r", "eth1.10", "inner", []),
      on("r", "eth1", "eth1.20", ["10.0.20.1/24"]),
      resource("veth.core", { endpoints: [end("r"), end("web")] }),
      on("web", "up0", "up0.10", []),
    ],
  })
  assert.is(nodes.length, lab.resources.filter(({ kind }) => kind !== "interface").length)
  assert.equal(
    edges.map(({ label }) => label),
    [
      "eth0 10.0.0.2/24",
      "eth0 10.0.0.3/24",
      "eth1 10.1.0.3/24 (eth1.10 10.0.10.1/24 (inner), eth1.20 10.0.20.1/24)",
      "up0 -- up0 (up0.10)",
    ],
  )
})

test("topology as text: every thing and every label once, joined by lines", () => {
  const text = graphText(withGroups(topology(lab), lab))
  for (const word of ["bridge.lan", "bridge.wan", "container.web", "container.r", "cgroup.tier", "eth0 10.0.0.2/24", "eth1 10.1.0.3/24"])
    assert.is(text.split(word).length, 2, `${word} in\n${text}`)
  assert.match(text, "eth0 10.0.0.2/24 ╶──╴ container.web ╶──╴ cgroup.tier")
  assert.is(text.split("\n").length - 1, 3, text)
})

test("as a list, where the terminal is too narrow for a drawing: each edge a line, then what is joined to nothing", () => {
  const alone = { ...lab, resources: [...lab.resources, resource("volume.data", {})] }
  assert.is(
    graphList(withGroups(topology(alone), alone), 60),
    `bridge.lan     -- container.web  eth0 10.0.0.2/24
bridge.lan     -- container.r  eth0 10.0.0.3/24
bridge.wan     -- container.r  eth1 10.1.0.3/24
container.web  -- cgroup.tier
volume.data
`,
  )
})

test("a pair to the host makes the host a thing", () => {
  const ends = [
    { container: "container.r", interface: "eth9", address: ["10.2.0.1/30"], mac: "", up: true },
    { container: "host", interface: "lab0", address: [], mac: "", up: true },
  ]
  const pair: Desired = { stack: "lab", resources: [resource("container.r", {}), resource("veth.up", { endpoints: ends, mtu: 1500 })] }
  assert.is(graphText(topology(pair)), "container.r ╶──╴ eth9 10.2.0.1/30 -- lab0 ╶──╴ host\n")
})

test("who lives in another's network is joined to it; what nobody has written is not drawn", () => {
  const spaces = (net: string) => ({ namespaces: { net } })
  const names = [resource("hosts.stack", {}), resource("nat.lan", {}), resource("image.0123", {})]
  const resources = [resource("container.r", spaces("new")), resource("container.side", spaces("container:r")), ...names]
  assert.is(graphText(topology({ stack: "lab", resources })), "container.r ╶──╴ its network ╶──╴ container.side\n")
  const onHost = topology({ stack: "lab", resources: [resource("container.r", spaces("host"))] })
  assert.is(graphList(onHost, 80), "host  -- container.r  its network\n")
})

test("a ring of pairs is drawn, too", () => {
  const end = (container: string) => ({ container: `container.${container}`, interface: "e", address: [], mac: "", up: true })
  const ring = ["ab", "bc", "ca"].map(([x = "", y = ""]) => resource(`veth.${x}${y}`, { endpoints: [end(x), end(y)], mtu: 1500 }))
  const text = graphText(topology({ stack: "lab", resources: [...["a", "b", "c"].map((n) => resource(`container.${n}`, {})), ...ring] }))
  assert.is(text.split("e -- e").length - 1, 3, text)
  assert.is(text.split("container.").length - 1, 3, text)
})

test("steps: an edge that others imply is left out", () => {
  const [a, b, c] = ["bridge.a", "container.b", "container.c"].map((address) => change(address, {})) as [
    ReturnType<typeof change>,
    ReturnType<typeof change>,
    ReturnType<typeof change>,
  ]
  const steps = [step(a, "create"), step(b, "spawn", ["bridge.a:create"]), step(c, "spawn", ["bridge.a:create", "container.b:spawn"])]
  assert.equal(
    stepGraph(planOf([a, b, c], steps)).edges.map(({ from, to }) => `${from} > ${to}`),
    ["bridge.a:create > container.b:spawn", "container.b:spawn > container.c:spawn"],
  )
})

test.run()
