import * as assert from "uvu/assert"
import { apply, expectStatus, inside, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  r1:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"] } }
  r2: { command: [sleep, infinity] }
  job: { command: [sh, -c, sleep 2; exit 3] }
veths:
  core:
    mtu: 1400
    endpoints: [{ container: r1, interface: eth1, address: 10.1.0.1/30 }, { container: r2, interface: eth1, address: 10.1.0.2/30 }]
`

interface Traffic {
  bytes: number
  packets: number
  errors: number
  dropped: number
}

interface End {
  end: string
  up: boolean
  state: string
  carrier: boolean
  mac: string
  mtu: number
  address: string[]
  peer?: string
  bridge?: string
  ports?: string[]
  counters: { rx: Traffic; tx: Traffic }
}

interface Shown {
  resources: { address: string; state: string; attributes: { [name: string]: unknown } & { ends?: End[] } }[]
}

function shown(sandbox: Sandbox, file: string): Shown {
  return JSON.parse(expectStatus(sandbox.stack(["show", "--json", "-f", file]), 0).stdout)
}

const endsIn = ({ resources }: Shown) => new Map(resources.flatMap(({ attributes }) => attributes.ends ?? []).map((end) => [end.end, end]))

scenario("show has every end of every link, with its peer, its addresses, and counters as ip has them", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "r1")
  expectStatus(inside(init, "-n", "ping", "-c3", "-i0.2", "-q", "10.1.0.2"), 0)
  expectStatus(inside(init, "-n", "ping", "-c3", "-i0.2", "-q", "10.20.0.1"), 0)
  // The kernel works out by and by what it calls the state of a link.
  const settled = () => [...endsIn(shown(sandbox, file)).values()].every(({ state }) => state === "up")
  for (let tries = 0; tries < 50 && !settled(); tries++) await new Promise((resolve) => setTimeout(resolve, 100))
  const all = shown(sandbox, file)
  const ends = endsIn(all)
  assert.equal([...ends.keys()].sort(), ["host:lab-lan", "host:lab-r1-eth0", "r1:eth0", "r1:eth1", "r2:eth1"])
  const told = ({ peer, bridge, ports, up, carrier, state, mtu, address }: End) => ({
    peer,
    bridge,
    ports,
    up,
    carrier,
    state,
    mtu,
    address,
  })
  const nothing = { peer: undefined, bridge: undefined, ports: undefined }
  const isUp = { up: true, carrier: true, state: "up" }
  assert.equal([...ends].map(([name, end]) => [name, told(end)]).sort(), [
    ["host:lab-lan", { ...nothing, ...isUp, ports: ["host:lab-r1-eth0"], mtu: 1500, address: ["10.20.0.1/24"] }],
    ["host:lab-r1-eth0", { ...nothing, ...isUp, peer: "r1:eth0", bridge: "bridge.lan", mtu: 1500, address: [] }],
    ["r1:eth0", { ...nothing, ...isUp, peer: "host:lab-r1-eth0", mtu: 1500, address: ["10.20.0.2/24", "fd20::2/64"] }],
    ["r1:eth1", { ...nothing, ...isUp, peer: "r2:eth1", mtu: 1400, address: ["10.1.0.1/30"] }],
    ["r2:eth1", { ...nothing, ...isUp, peer: "r1:eth1", mtu: 1400, address: ["10.1.0.2/30"] }],
  ])
  // IPv6 speaks now and then of its own accord: what ip says is between what show says before and after.
  const link = JSON.parse(inside(init, "-n", "ip", "-j", "-s", "link", "show", "eth1").stdout)[0]
  const after = endsIn(shown(sandbox, file)).get("r1:eth1") as End
  const before = ends.get("r1:eth1") as End
  assert.is(before.mac, link.address)
  for (const way of ["rx", "tx"] as const)
    for (const what of ["bytes", "packets", "errors", "dropped"] as const) {
      const counted = link.stats64[way][what]
      assert.ok(before.counters[way][what] <= counted && counted <= after.counters[way][what], `${way} ${what}: ${counted}`)
    }
  assert.ok(before.counters.rx.packets >= 3 && before.counters.tx.bytes >= 3 * 98)
})

scenario("show tells what is cut from what has nobody at the other end, and what a container came to", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  expectStatus(sandbox.stack(["link", "-f", file, "down", "r1:eth1"]), 0)
  const all = shown(sandbox, file)
  const ends = endsIn(all)
  const state = (name: string) => [ends.get(name)?.up, ends.get(name)?.carrier]
  assert.equal(
    [state("r1:eth1"), state("r2:eth1")],
    [
      [false, false],
      [true, false],
    ],
  )
  const text = expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout
  assert.match(text, /^r1:eth1 +down +r2:eth1 /m)
  assert.match(text, /^r2:eth1 +no carrier +r1:eth1 +10\.1\.0\.2\/30 +\d+ /m)
  assert.match(text, /^r1:eth0 +up +host:lab-r1-eth0 on bridge\.lan +10\.20\.0\.2\/24 fd20::2\/64 /m)
  assert.match(text, /^veth\.core +down +container\.r1:eth1 10\.1\.0\.1\/30 -- /m)
  const of = (address: string) => all.resources.find((one) => one.address === address)?.attributes ?? {}
  const { pid, uptime, exit_code, addresses } = of("container.r1")
  assert.is(sandbox.run(["cat", `/proc/${pid}/comm`]).stdout, "sleep\n")
  assert.ok(Number(uptime) > 0 && Number(uptime) < 600)
  assert.equal([exit_code, addresses], [null, ["10.20.0.2/24", "fd20::2/64", "10.1.0.1/30"]])
  const job = () => shown(sandbox, file).resources.find((one) => one.address === "container.job")
  while (job()?.state === "running") sandbox.run(["sleep", "0.2"])
  const { state: ended, attributes } = job() ?? { state: "", attributes: {} as { [name: string]: unknown } }
  assert.equal([ended, attributes.pid, attributes.uptime, attributes.exit_code], ["exited (3)", null, null, 3])
})

scenario("a link with one end has what it lies on for a peer", (sandbox) => {
  const parent = sandbox.run(["sh", "-c", "ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up"])
  expectStatus(parent, 0)
  const file = sandbox.file(
    "stack.yaml",
    "name: one\ncontainers: { web: { command: [sleep, infinity], interfaces: { ext0: { macvlan: up0, address: 10.8.0.2/24 } } } }\n",
  )
  const ran = sandbox.stack(["apply", "-y", "-f", file])
  if (ran.status !== 0) {
    assert.match(ran.stderr, /this kernel has no macvlan/)
    return
  }
  const end = endsIn(shown(sandbox, file)).get("web:ext0") as End
  assert.equal([end.peer, end.address, end.up, end.counters.rx.errors], ["host:up0", ["10.8.0.2/24"], true, 0])
})

test.run()
