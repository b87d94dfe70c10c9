import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Flow } from "../../../src/kernel/flows.ts"
import type { PublishedPorts } from "../../../src/kinds/nat/spec-ports.ts"
import { isLedElsewhere, staleFlows } from "../../../src/kinds/nat/stale-flows.ts"

/** `ADDRESS PORT` that was sent to, and who answers. */
function flow(to: string, answering = to): Flow {
  const [[address = "", port], [from = "", fromPort]] = [to.split(" "), answering.split(" ")]
  const asker = { from: "192.0.2.2", fromPort: 40000 }
  return {
    family: address.includes(":") ? "ip6" : "ip",
    id: 1,
    sent: { ...asker, to: address, toPort: Number(port) },
    answered: { from, fromPort: Number(fromPort), to: asker.from, toPort: asker.fromPort },
  }
}

const HOST = new Set(["192.0.2.1", "2001:db8::1"])

function isStale(one: Flow, had: PublishedPorts, has: PublishedPorts): boolean {
  return staleFlows([one], had, has, (address) => HOST.has(address)).length === 1
}

test("only ports of UDP matter, and only those that lead elsewhere", () => {
  assert.is(isLedElsewhere({ "80/tcp": ["10.0.0.2:80"] }, {}), false)
  assert.is(isLedElsewhere({ "53/udp": ["10.0.0.2:53"] }, { "53/udp": ["10.0.0.2:53"], "80/tcp": ["10.0.0.3:80"] }), false)
  assert.is(isLedElsewhere({ "53/udp": ["10.0.0.2:53"] }, { "53/udp": ["10.0.0.3:53"] }), true)
  assert.is(isLedElsewhere({}, { "53/udp": ["10.0.0.3:53"] }), true)
})

test("what is led to where no port leads any more is stale, and what none of the ports has to do with is not", () => {
  const [one, two]: PublishedPorts[] = [{ "53/udp": ["10.0.0.2:5353"] }, { "53/udp": ["10.0.0.3:5353"] }]
  if (one === undefined || two === undefined) throw new Error("two are there")
  const led = flow("192.0.2.1 53", "10.0.0.2 5353")
  assert.is(isStale(led, one, two), true)
  assert.is(isStale(led, one, {}), true)
  assert.is(isStale(led, one, { ...one, "54/udp": ["10.0.0.3:5353"] }), false)
  assert.is(isStale(flow("192.0.2.1 53", "10.0.0.9 5353"), one, two), false)
  assert.is(isStale(flow("192.0.2.1 54", "10.0.0.2 5353"), one, two), false)
  assert.is(isStale(flow("192.0.2.1 53", "10.0.0.2 53"), one, two), false)
})

test("what went to the host itself is stale once a port leads on from there", () => {
  const has: PublishedPorts = { "53/udp": ["10.0.0.2:53", "[fd20::2]:53"] }
  for (const to of ["192.0.2.1 53", "127.0.0.1 53", "2001:db8::1 53"]) assert.is(isStale(flow(to), {}, has), true, to)
  for (const to of ["198.51.100.7 53", "2001:db8::7 53", "192.0.2.1 54"]) assert.is(isStale(flow(to), {}, has), false, to)
  assert.is(isStale(flow("192.0.2.1 53"), has, {}), false)
})

test("a port of one address is not that of another; a range keeps its numbers", () => {
  const [had, has]: PublishedPorts[] = [{ "192.0.2.1:50-60/udp": ["10.0.0.2:50-60"] }, { "192.0.2.1:50-60/udp": ["10.0.0.3:50-60"] }]
  if (had === undefined || has === undefined) throw new Error("two are there")
  assert.is(isStale(flow("192.0.2.1 55", "10.0.0.2 55"), had, has), true)
  assert.is(isStale(flow("192.0.2.1 61", "10.0.0.2 61"), had, has), false)
  assert.is(isStale(flow("192.0.2.9 55", "10.0.0.2 55"), had, has), false)
  const everywhere = { "0.0.0.0:53/udp": ["10.0.0.2:53"] }
  assert.is(isStale(flow("192.0.2.9 53", "10.0.0.2 53"), everywhere, {}), true)
})

test.run()
