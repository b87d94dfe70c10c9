import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Observed } from "../../../src/model/resource.ts"
import { formatAge, liveResources, showJson, showText } from "../../../src/render/show.ts"

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

test("ages", () => {
  assert.equal([4.7, 59.9, 60, 3599, 3600, 12_000, 90_000].map(formatAge), ["4s", "59s", "1m", "59m", "1h 0m", "3h 20m", "1d 1h"])
})

test.run()
