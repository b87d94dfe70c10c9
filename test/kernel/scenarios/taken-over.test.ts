/** An address that another link has from now on: whoever has spoken with the former one is to find the new one at once, and not when it gives up. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** Two that change places, by addresses; `c` and the host look on. */
function lab(a: number, b: number, rest = ""): string {
  const on = (last: number) => `{ bridge: lan, address: [10.20.0.${last}/24, "fd20::${last}/64"]${rest} }`
  return `
name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] } }
veths:
  core: { endpoints: [{ container: c, interface: core, address: 10.1.0.1/24 }, { container: a, interface: core, address: 10.1.0.${a}/24 }] }
containers:
  a: { command: [sleep, infinity], interfaces: { eth0: ${on(a)} } }
  b: { command: [sleep, infinity], interfaces: { eth0: ${on(b)} } }
  c: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: [10.20.0.9/24, "fd20::9/64"] } } }
`
}

const ADDRESSES = ["10.20.0.2", "fd20::2", "10.20.0.3", "fd20::3"]

/** The first answer within two seconds: one may be lost where links are a moment old: a neighbour that has moved is asked again after five at the earliest, and after fifteen as a rule. */
const ping = (address: string) => ["ping", "-c1", "-w2", "-i0.5", address]

/** Who of them answers, seen from the container and from the host. */
function answering(sandbox: Sandbox, file: string, addresses = ADDRESSES): string[] {
  return addresses.flatMap((address) => [
    ...(sandbox.stack(["exec", "-f", file, "c", "--", ...ping(address)]).status === 0 ? [`c ${address}`] : []),
    ...(sandbox.run(ping(address)).status === 0 ? [`host ${address}`] : []),
  ])
}

/** The MAC address that `c` knows for an address. */
function known(sandbox: Sandbox, file: string, address: string): string {
  const shown = expectStatus(sandbox.stack(["exec", "-f", file, "c", "--", "ip", "neigh", "show", address]), 0).stdout
  return /lladdr (\S+)/.exec(shown)?.[1] ?? ""
}

const ALL = ADDRESSES.flatMap((address) => [`c ${address}`, `host ${address}`])

scenario("two containers that change their addresses are found at the new ones at once, by IPv4 and IPv6", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab(2, 3))
  apply(sandbox, file)
  assert.equal(answering(sandbox, file), ALL)
  const [was, processes] = [
    ADDRESSES.map((address) => known(sandbox, file, address)),
    ["a", "b", "c"].map((name) => live(sandbox, "lab", name).init),
  ]
  sandbox.file("stack.yaml", lab(3, 2))
  apply(sandbox, file)
  assert.equal(answering(sandbox, file), ALL)
  const [two, two6, three, three6] = was
  assert.equal(
    ADDRESSES.map((address) => known(sandbox, file, address)),
    [three, three6, two, two6],
  )
  expectConverged(sandbox, file)
  assert.equal(
    ["a", "b", "c"].map((name) => live(sandbox, "lab", name).init),
    processes,
  )
})

scenario(
  "another MAC address, and another container under another name with the addresses of one that goes, are found at once",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab(2, 3))
    apply(sandbox, file)
    assert.equal(answering(sandbox, file), ALL)
    sandbox.file("stack.yaml", lab(2, 3).replace('"fd20::2/64"]', '"fd20::2/64"], mac: "02:00:00:00:00:22"'))
    apply(sandbox, file)
    assert.equal(answering(sandbox, file), ALL)
    assert.is(known(sandbox, file, "10.20.0.2"), "02:00:00:00:00:22")
    sandbox.file("stack.yaml", lab(2, 3).replaceAll("  b: {", "  other: {"))
    apply(sandbox, file)
    assert.equal(answering(sandbox, file), ALL)
    expectConverged(sandbox, file)
  },
)

scenario("the end of a pair and the host's own address on a bridge are found at once, too", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab(2, 3))
  const places = ["10.1.0.2", "10.20.0.1"]
  const reached = () => places.filter((place) => sandbox.stack(["exec", "-f", file, "c", "--", ...ping(place)]).status === 0)
  apply(sandbox, file)
  assert.equal(reached(), places)
  const mac = "02:00:00:00:00:33"
  const text = lab(2, 3)
    .replace("address: 10.1.0.2/24", `address: 10.1.0.2/24, mac: "${mac}"`)
    .replace("bridges: { lan: {", `bridges: { lan: { mac: "${mac.replace(/33$/, "34")}",`)
  sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  assert.equal(reached(), places)
  assert.equal(
    places.map((place) => known(sandbox, file, place)),
    [mac, mac.replace(/33$/, "34")],
  )
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

test.run()
