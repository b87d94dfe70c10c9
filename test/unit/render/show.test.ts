import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Observed } from "../../../src/model/resource.ts"
import { formatAge, liveResources, showJson, showText } from "../../../src/render/show.ts"
import type { ShownEnd } from "../../../src/render/show-ends.ts"
import { endsText } from "../../../src/render/show-ends.ts"

const observed: Observed[] = [
  {
    kind: "bridge",
    address: "bridge.lan",
    name: "lan",
    attributes: { interface: "lab-lan", address: ["10.0.0.1/24"], mtu: 1500 },
    live: { ifindex: 7, state: "up" },
  },
  {
    kind: "container",
    address: "container.web",
    name: "web",
    attributes: { state: "running", limits: { memory: 67108864 } },
    live: { pid: 42, init: { pid: 42, startTime: "100000" } },
  },
  { kind: "container", address: "container.job", name: "job", attributes: { state: "exited (3)" }, live: { exit_code: 3 } },
  {
    kind: "interface",
    address: "interface.web.eth0",
    name: "web.eth0",
    attributes: { container: "container.web", bridge: "bridge.lan", host_interface: "lab-web-eth0", address: ["10.0.0.2/24"], mtu: 1500 },
    live: { state: "up" },
  },
]

test("as text: a line each, columns in line", () => {
  assert.is(
    showText(liveResources(observed, 1075), { color: false }),
    `ADDRESS             STATE       DETAILS
bridge.lan          up          lab-lan  10.0.0.1/24  mtu 1500
container.web       running     pid 42  up 1m  10.0.0.2/24  memory 64M
container.job       exited (3)  exit code 3
interface.web.eth0  up          lab-web-eth0  on bridge.lan  10.0.0.2/24  mtu 1500
`,
  )
})

test("on a narrow terminal the details go on below each other", () => {
  const nat: Observed = { kind: "nat", address: "nat.lan", name: "lan", attributes: { rules: ["a", "b"], ports: {} }, live: {} }
  assert.is(
    showText(liveResources([...observed, nat], 1075), { color: false, columns: 60 }),
    `ADDRESS             STATE       DETAILS
bridge.lan          up          lab-lan  10.0.0.1/24
                                mtu 1500
container.web       running     pid 42  up 1m  10.0.0.2/24
                                memory 64M
container.job       exited (3)  exit code 3
interface.web.eth0  up          lab-web-eth0  on bridge.lan
                                10.0.0.2/24  mtu 1500
nat.lan             present     2 rules
`,
  )
})

test("on a narrow terminal so do those of links, and long ones are broken at their blanks", () => {
  const counters = { rx: { bytes: 12, packets: 1, errors: 0, dropped: 1 }, tx: { bytes: 9, packets: 1, errors: 0, dropped: 0 } }
  const address = ["10.0.0.2/24", "fd00:1234:5678:9abc:def0:1:2:3/64"]
  const end: ShownEnd = { end: "web:eth0", up: true, state: "up", carrier: true, address, peer: "host:x", counters }
  assert.is(
    endsText([end, { end: "gone:eth0" }], { color: false, columns: 62 }),
    `
LINK       STATE  DETAILS
web:eth0   up     host:x
                  10.0.0.2/24
                  fd00:1234:5678:9abc:def0:1:2:3/64
                  rx bytes 12, packets 1, errors 0, dropped 1
                  tx bytes 9, packets 1, errors 0, dropped 0
gone:eth0  ?
`,
  )
})

test("as JSON: a container's attributes hold pid, uptime, exit_code and addresses", () => {
  const json = JSON.parse(JSON.stringify(showJson("lab", liveResources(observed, 1075))))
  const { pid, uptime, exit_code, addresses } = json.resources[1].attributes
  assert.equal([json.stack, pid, uptime, exit_code, addresses], ["lab", 42, 75, null, ["10.0.0.2/24"]])
  const job = json.resources[2]
  assert.equal([job.state, job.attributes.pid, job.attributes.uptime, job.attributes.exit_code], ["exited (3)", null, null, 3])
})

test("what has a mark but not all its parts is incomplete", () => {
  const half: Observed = { kind: "interface", address: "interface.a.b", name: "a.b", attributes: {}, incomplete: "no other end", live: {} }
  assert.is(liveResources([half], 0)[0]?.state, "incomplete")
})

test("the ends of links: a line each, numbers to the right; what could not be read is left open", () => {
  const counters = { rx: { bytes: 1234567, packets: 12, errors: 0, dropped: 1 }, tx: { bytes: 9, packets: 1, errors: 0, dropped: 0 } }
  const ends: ShownEnd[] = [
    { end: "host:lab-lan", up: true, state: "up", carrier: true, address: ["10.0.0.1/24"], ports: ["host:p"], counters },
    {
      end: "web:eth0",
      up: true,
      state: "lowerlayerdown",
      carrier: false,
      address: ["10.0.0.2/24", "fd00::2/64"],
      peer: "host:p",
      counters,
    },
    { end: "host:p", up: false, state: "down", carrier: false, address: [], peer: "web:eth0", bridge: "bridge.lan", counters },
    { end: "web:dum0", up: true, state: "unknown", carrier: true, address: [], counters },
    { end: "r1:eth1", peer: "r2:eth1" },
  ]
  const line = (text: string) => text.padEnd(79)
  assert.is(
    endsText(ends, { color: false }),
    `
LINK          STATE       PEER                     ADDRESS                 RX BYTES  PACKETS  ERRORS  DROPPED  TX BYTES  PACKETS  ERRORS  DROPPED
${line("host:lab-lan  up          1 port                   10.0.0.1/24              1234567")}       12       0        1         9        1       0        0
${line("web:eth0      no carrier  host:p on bridge.lan     10.0.0.2/24 fd00::2/64   1234567")}       12       0        1         9        1       0        0
${line("host:p        down        web:eth0 for bridge.lan                           1234567")}       12       0        1         9        1       0        0
${line("web:dum0      up                                                            1234567")}       12       0        1         9        1       0        0
r1:eth1       ?           r2:eth1
`,
  )
  assert.is(endsText([], { color: false }), "")
})

test("ages", () => {
  assert.equal([4.7, 59.9, 60, 3599, 3600, 12_000, 90_000].map(formatAge), ["4s", "59s", "1m", "59m", "1h 0m", "3h 20m", "1d 1h"])
})

test.run()
