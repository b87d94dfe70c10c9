import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Observed, Resource, Snapshot } from "../../../src/model/resource.ts"
import { planAsText } from "../../../src/plan/format.ts"
import { makePlan } from "../../../src/plan/plan.ts"
import { preventedChanges, preventedDiagnostics } from "../../../src/plan/prevented.ts"
import { HOST } from "../../kinds/read-case.ts"
import { bridge, container, observed, oneEnded } from "../../kinds/resources.ts"

function plan(resources: Resource[], found: Observed[]) {
  const snapshot: Snapshot = { resources: new Map(found.map((o) => [o.address, o])), foreign: [], host: HOST }
  return makePlan({ stack: "lab", resources }, snapshot).plan
}

const LIMITED = { limits: { memory: 1 << 26, pids: 10 }, sysctls: { "net.ipv4.ip_forward": "1" } }

test("drift that the file lets be is no change, whatever kind of value it is", () => {
  const web = { ...container("web", LIMITED), ignoreDrift: ["limits", "sysctls.net.ipv4.ip_forward", "hostname"] }
  const changed = { limits: { pids: 99, cpus: 2 }, sysctls: {}, hostname: "other" }
  assert.not.ok(plan([web], [observed(web, changed, { applied: web.attributes })]).hasChanges)
  const lan = { ...bridge("lan"), ignoreDrift: ["mtu"] }
  assert.not.ok(plan([lan], [observed(lan, { mtu: 1400 })]).hasChanges)
})

test("a part of a path may stand for all there are, as the peers of a link", () => {
  const peers = (endpoint: string, keepalive: number) => ({
    "one/+=": { endpoint: "10.0.0.1:7", allowed_ips: [], keepalive: 7 },
    "two/+=": { endpoint, allowed_ips: [], keepalive },
  })
  const wireguard = { private_key: { name: "key", content: "current" }, listen_port: 7, peers: peers("10.0.0.2:7", 7) }
  const link = { ...oneEnded("web.wg0", { kind: "wireguard" }, { wireguard }), ignoreDrift: ["wireguard.peers.*.endpoint"] }
  const found = (keepalive: number) =>
    observed(link, { wireguard: { ...wireguard, peers: peers("10.9.9.9:9", keepalive) } }, { applied: link.attributes })
  const web = container("web")
  const changed = (keepalive: number) =>
    plan([web, link], [observed(web), found(keepalive)])
      .changes.find(({ address }) => address === link.address)
      ?.fields.map((f) => f.path)
  assert.equal([changed(7), changed(9)], [[], ["wireguard.peers.two/+=.keepalive"]])
})

test("what else differs is repaired, and what may drift is left as it is found", () => {
  const web = { ...container("web", LIMITED), ignoreDrift: ["limits.memory"] }
  const made = plan([web], [observed(web, { limits: { memory: 1 << 27, pids: 99 } }, { applied: web.attributes })])
  assert.equal(
    made.changes[0]?.fields.map((f) => f.path),
    ["limits.pids"],
  )
  assert.equal(made.changes[0]?.after?.limits, { memory: 1 << 27, pids: 10 })
  assert.equal(made.changes[0]?.resource?.declared, web.attributes)
})

test("a new wish of the file is no drift", () => {
  const web = { ...container("web", { limits: { memory: 1 << 28 } }), ignoreDrift: ["limits.memory"] }
  const applied = { ...web.attributes, limits: { memory: 1 << 26 } }
  assert.match(planAsText(plan([web], [observed(web, { limits: { memory: 1 << 27 } }, { applied })])), /limits\.memory: 128M -> 256M/)
})

test("a replacement brings everything to what the file says", () => {
  const web = { ...container("web", { ...LIMITED, image: "dir:/new" }), ignoreDrift: ["limits.memory"] }
  const applied = { ...web.attributes, image: "dir:/old" }
  const made = plan([web], [observed(web, { image: "dir:/old", limits: { memory: 1 << 27, pids: 10 } }, { applied })])
  assert.is(made.changes[0]?.action, "replace")
  assert.equal(made.changes[0]?.after, web.attributes)
})

test("prevent_destroy: told of what would be deleted or replaced, and of nothing else", () => {
  const db = { ...container("db", { image: "dir:/new" }), preventDestroy: true }
  const web = { ...container("web", { hostname: "new" }), preventDestroy: true }
  const found = [observed(db, { image: "dir:/old" }), observed(web, { hostname: "old" })]
  const replaced = preventedChanges(plan([db, web], found), [db, web])
  assert.equal(
    replaced.map((c) => c.address),
    ["container.db"],
  )
  assert.match(
    preventedDiagnostics(replaced, [db, web], plan([db, web], found))[0]?.summary ?? "",
    /^container\.db is not replaced: prevent_destroy$/,
  )
  const deleted = preventedChanges(plan([], found), [db, web])
  assert.equal(
    deleted.map((c) => [c.address, c.action]),
    [
      ["container.db", "delete"],
      ["container.web", "delete"],
    ],
  )
})

test.run()
