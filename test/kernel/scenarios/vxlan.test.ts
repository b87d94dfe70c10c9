/** Vxlans between containers, whose packets leave by the containers' own links. */
import * as assert from "uvu/assert"
import { linkGroupOf } from "../../../src/model/ownership.ts"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

type Link = { ifindex: number; mtu: number; link_netnsid?: number; linkinfo: { info_data: { id: number; link?: string; local?: string } } }

function inR1(sandbox: Sandbox, words: string): string {
  return expectStatus(inside(inits(sandbox, "lab").r1 as number, "-n", "sh", "-c", words), 0).stdout
}

function link(sandbox: Sandbox, name: string): Link {
  return JSON.parse(inR1(sandbox, `ip -d -j link show ${name}`))[0]
}

/** Two routers with a link, and a vxlan by it and one by their routes: between the addresses of their loopbacks. */
const lab = ({ core = "", ten = "id: 10, link: eth1, remote: 10.0.0.2", twenty = "link_netns: container, ", more = "" } = {}) => `
name: lab
veths:
  core: { endpoints: [{ container: r1, interface: eth1, address: 10.0.0.1/24 }, { container: r2, interface: eth1, address: 10.0.0.2/24 }]${core} }
containers:
  r1:
    command: [sleep, infinity]
    routes: [{ to: 10.255.0.2/32, via: 10.0.0.2 }, { to: 10.9.0.0/16, via: 10.99.10.9, dev: vx10 }]
    interfaces:
      vx10: { vxlan: { ${ten} }, address: 10.99.10.1/24 }
      vx20: { vxlan: { id: 20, ${twenty}local: 10.255.0.1, remote: 10.255.0.2 }, address: 10.99.20.1/24 }
      vtep: { macvlan: { link: eth1 }, address: 10.255.0.1/32 }${more}
  r2:
    command: [sleep, infinity]
    routes: [{ to: 10.255.0.1/32, via: 10.0.0.1 }]
    interfaces:
      vx10: { vxlan: { id: 10, link: eth1, remote: 10.0.0.1 }, address: 10.99.10.2/24 }
      vx20: { vxlan: { id: 20, link_netns: container, local: 10.255.0.2, remote: 10.255.0.1 }, address: 10.99.20.2/24 }
      vtep: { macvlan: { link: eth1 }, address: 10.255.0.2/32 }
`

scenario("a vxlan by a container's own link, and one by its routes: they reach another container, and no vxlan of the host", (sandbox) => {
  const before = readTraces(sandbox)
  const wish = (words: Parameters<typeof lab>[0] = {}) => sandbox.file("stack.yaml", lab(words))
  const file = wish()
  // Another one's numbers are the host's.
  expectStatus(sandbox.run("ip link add foreign type vxlan id 10 remote 192.0.2.9 dstport 4789".split(" ")), 0)
  expectStatus(sandbox.stack(["plan", "--out", "saved", "-f", file]), 0)
  expectStatus(sandbox.stack(["apply", "saved"]), 0)
  expectConverged(sandbox, file)
  const turn = (expected: string[]) => {
    assert.equal(verdicts(planOf(sandbox, file)), expected)
    apply(sandbox, file)
    expectConverged(sandbox, file)
  }
  const reaches = () => {
    for (const net of [10, 20]) inR1(sandbox, `ping -c1 -W5 10.99.${net}.2`)
  }
  reaches()
  const [ten, twenty] = [link(sandbox, "vx10"), link(sandbox, "vx20")]
  assert.equal(
    [ten, twenty].map(({ mtu, link_netnsid, linkinfo }) => [mtu, link_netnsid, linkinfo.info_data.link, linkinfo.info_data.local]),
    [
      [1450, undefined, "eth1", undefined],
      [1500, undefined, undefined, "10.255.0.1"],
    ],
  )
  const both = (action: string) => ["r1", "r2"].map((name) => `${action} interface.${name}.vx10`)
  const macvlans = (action: string) => ["r1", "r2"].map((name) => `${action} interface.${name}.vtep`)
  // What fits changes with the link below.
  wish({ core: ", mtu: 9000" })
  turn(["update veth.core", both("update")[0], macvlans("update")[0], both("update")[1], macvlans("update")[1]] as string[])
  assert.equal([link(sandbox, "vx10").mtu, link(sandbox, "vx10").ifindex], [8950, ten.ifindex])
  wish()
  turn(["update veth.core", both("update")[0], macvlans("update")[0], both("update")[1], macvlans("update")[1]] as string[])
  assert.equal([link(sandbox, "vx10").mtu, link(sandbox, "vx10").ifindex], [1450, ten.ifindex])
  // The kernel takes a vxlan away with the link by which its packets leave.
  inR1(sandbox, "ip link del eth1")
  const again = verdicts(planOf(sandbox, file))
  for (const line of ["create veth.core", ...both("create"), ...macvlans("create")]) assert.ok(again.includes(line), again.join("\n"))
  assert.not.ok(again.some((line) => line.includes("vx20")))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  reaches()
  assert.is(link(sandbox, "vx20").ifindex, twenty.ifindex)
  // By hand: of the same name and mark, but its packets leave by the host's links.
  const group = linkGroupOf("lab")
  inR1(sandbox, "ip link del vx20")
  const other = "type vxlan id 20 local 10.255.0.1 remote 10.255.0.2 dstport 4789"
  const { monitor, init } = live(sandbox, "lab", "r1")
  expectStatus(inside(monitor, "-n", "ip", "link", "add", "vx20", "group", `${group}`, "netns", `${init}`, ...other.split(" ")), 0)
  inR1(sandbox, "ip link set vx20 alias stack:lab/interface.r1.vx20 up && ip addr add 10.99.20.1/24 dev vx20")
  const drift = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(drift, /link\.link_netns: \(not set\) -> container {2}# forces replacement/)
  turn(["delete+create interface.r1.vx20"])
  reaches()
  // By the file.
  wish({ twenty: "" })
  turn(["delete+create interface.r1.vx20"])
  assert.type(link(sandbox, "vx20").link_netnsid, "number")
  wish({ ten: "id: 10, link: vtep, group: 239.0.0.1" })
  turn(["update container.r1", "delete+create interface.r1.vx10", "delete+create interface.r1.vx20"])
  wish()
  turn(["update container.r1", "delete+create interface.r1.vx10"])
  reaches()
  expectStatus(sandbox.stack(["apply", "-y", "--replace", "veth.core", "-f", file]), 0)
  expectConverged(sandbox, file)
  reaches()
  // As it is told and written.
  assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /r1:vx10 +up +r1:eth1 /)
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
  const written = sandbox.run(["cat", "again.yaml"]).stdout
  for (const words of [/link: eth1/, /link_netns: container/]) assert.match(written, words)
  // What somebody in there has made is nobody's, but has the number.
  inR1(sandbox, "ip link add mine type vxlan id 30 dstport 4789")
  wish({ more: "\n      vx30: { vxlan: { id: 30, link: eth1 } }" })
  const refused = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1).stderr
  assert.match(refused, "hint: there is a vxlan with the number 30 on that UDP port that somebody has made in the container")
  assert.match(refused, /stack\.yaml:13:\d+: error: ip link add vx30 .*EEXIST/)
  inR1(sandbox, "ip link del mine")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  expectStatus(sandbox.run(["ip", "link", "del", "foreign"]), 0)
  expectSameTraces(readTraces(sandbox), before)
})

test.run()
