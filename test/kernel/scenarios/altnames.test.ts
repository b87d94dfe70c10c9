/** A link has more names than one (`ip link property add … altname`): where the stack wants one, it is taken, and its own links get theirs back. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"

const LAB = `
name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers: { web: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } } }
`

scenario("a link of the stack's that somebody calls otherwise, and by its former name besides, gets its name back in place", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = { inits: inits(sandbox, "lab"), index: indexOf(sandbox.ip("link"), "lab-lan") }
  const { init } = live(sandbox, "lab", "web")
  expectStatus(sandbox.run(["sh", "-c", renamed("lab-lan", "other") + renamed("lab-web-eth0", "port")]), 0)
  expectStatus(inside(init, "-n", "sh", "-c", renamed("eth0", "inner")), 0)
  assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan", "update interface.web.eth0"])
  const shown = () => JSON.parse(inside(init, "-n", "ip", "-j", "link").stdout) as Shown[]
  const names = () =>
    [...(sandbox.ip("link") as Shown[]), ...shown()].map(({ ifname, altnames = [] }) => [ifname, ...altnames.sort()].join(" ")).sort()
  // What fails is undone: all names are as they were found, those besides too.
  const found = ["inner eth0 inner-too", "lo", "lo", "other lab-lan other-too", "port lab-web-eth0 port-too"]
  assert.equal(names(), found)
  sandbox.file("stack.yaml", LAB.replace("containers: {", "containers: { bad: { command: [/no/such], depends_on: [web] },"))
  assert.match(expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1).stderr, /Undone: all is as it was before\./)
  assert.equal(names(), found)
  sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal({ inits: inits(sandbox, "lab"), index: indexOf(sandbox.ip("link"), "lab-lan") }, before)
  assert.equal(names(), ["eth0 inner-too", "lab-lan other-too", "lab-web-eth0 port-too", "lo", "lo"])
})

type Shown = { ifname: string; ifindex: number; altnames?: string[] }

/** Set down for it, as kernels before 6.2 want it. */
function renamed(name: string, other: string): string {
  return `ip link set ${name} down && ip link set ${name} name ${other} up && ip link property add dev ${other} altname ${name} altname ${other}-too\n`
}

function indexOf(links: Shown[], name: string): number | undefined {
  return links.find(({ ifname }) => ifname === name)?.ifindex
}

scenario("a name that somebody has given another link besides its own is taken: the plan says by whom", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  const foreign = "ip link add mine type veth peer name mine1 && ip link property add dev mine altname lab-web-eth0"
  expectStatus(sandbox.run(["sh", "-c", foreign]), 0)
  const refused = () => expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(
    refused().stderr,
    /error: link mine \(index \d+, veth\), which is called lab-web-eth0 too, bears no mark of a stack, and interface\.web\.eth0 wants its place/,
  )
  assert.equal((sandbox.ip("link") as Shown[]).map(({ ifname }) => ifname).sort(), ["lo", "mine", "mine1"])
  expectStatus(sandbox.run(["ip", "link", "property", "del", "dev", "mine", "altname", "lab-web-eth0"]), 0)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  expectStatus(sandbox.run(["ip", "link", "property", "add", "dev", "lab-lan", "altname", "lab-wan"]), 0)
  expectConverged(sandbox, file)
  sandbox.file("stack.yaml", LAB.replace("bridges: {", "bridges: { wan: {},"))
  assert.match(
    refused().stderr,
    /error: link lab-lan \(index \d+, bridge\), which is called lab-wan too, is marked "stack:lab\/bridge\.lan", and bridge\.wan/,
  )
})

test.run()
