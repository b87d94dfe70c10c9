import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, inside, live, pings, planOf, scenario, test, titleOf, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** Two containers that nothing joins, and what is given. */
function lab(bridges: string, veths: string, interfaces = "{}"): string {
  return `
name: lab
bridges: {${bridges}}
containers:
  a: { command: [sleep, infinity], interfaces: ${interfaces} }
  b: { command: [sleep, infinity] }
veths: {${veths}}
`
}

const V1 = 'v1: { endpoints: ["a:x1", "host:up1"] }'
const V2 = 'v2: { endpoints: ["a:x2", "host:up2"] }'

/** Applies one text after the other, and says what each plan did: `delete+create veth.v1`. */
function inTurn(sandbox: Sandbox, ...texts: string[]): string[][] {
  return texts.map((text) => {
    const file = sandbox.file("stack.yaml", text)
    const found = verdicts(planOf(sandbox, file))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    return found
  })
}

function aliasOn(sandbox: Sandbox, link: string): string {
  return sandbox.ip("link", "show", link)[0].ifalias
}

scenario("pairs change their names, their ends, and take over the name of a bridge", (sandbox) => {
  const [, ...plans] = inTurn(
    sandbox,
    lab("", `${V1}, ${V2}`),
    lab("", `${V1.replace("v1", "core")}, ${V2}`),
    lab("", `${V1.replace("v1", "core").replace("up1", "up2")}, ${V2.replace("up2", "up1")}`),
    lab("lan: { interface: shared0 }", V2),
    lab("", V2.replace("up2", "shared0")),
  )
  assert.equal(plans, [
    ["create veth.core", "delete veth.v1"],
    ["delete+create veth.core", "delete+create veth.v2"],
    ["create bridge.lan", "delete+create veth.v2", "delete veth.core"],
    ["delete+create veth.v2", "delete bridge.lan"],
  ])
  assert.is(aliasOn(sandbox, "shared0"), "stack:lab/veth.v2")
})

/** A router advertisement of an address of its own, sent as a container with NET_RAW would. RFC 4861, 4.2 */
const ADVERTISE = `
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"x1")
prefix = struct.pack("!BBBBII4x", 3, 4, 64, 0xc0, 1800, 1800) + socket.inet_pton(socket.AF_INET6, "fd77::")
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ("ff02::1", 0, 0, socket.if_nametoindex("x1")))
`

scenario("the host heeds no router at the other end of a pair, unless accept_ra says so", async (sandbox) => {
  const pair = (rest: string) => `v1: { endpoints: ["a:x1", { container: host, interface: up1${rest} }] }`
  const file = sandbox.file("stack.yaml", lab("", pair("")))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const words = () => sandbox.run(["cat", "/proc/sys/net/ipv6/conf/up1/accept_ra"]).stdout.trim()
  const { init } = live(sandbox, "lab", "a")
  const taken = () => sandbox.run(["ip", "-6", "address", "show", "dev", "up1"]).stdout.includes("fd77::")
  const advertised = async () => {
    for (let i = 0; i < 20 && !taken(); i++) {
      inside(init, "-n", "python3", "-c", ADVERTISE)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return taken()
  }
  assert.is(words(), "0")
  assert.not.ok(await advertised())
  sandbox.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/up1/accept_ra"])
  assert.equal(verdicts(planOf(sandbox, file)), ["update veth.v1"])
  apply(sandbox, file)
  assert.is(words(), "0")
  expectConverged(sandbox, file)
  sandbox.file("stack.yaml", lab("", pair(", accept_ra: true")))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(words(), "1")
  assert.ok(await advertised())
})

scenario("another stack's link in the place of a pair's end is said to be that one's", (sandbox) => {
  apply(sandbox, sandbox.file("one.yaml", "name: one\nbridges: { lan: { interface: up1 } }\n"))
  const ran = expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab("", V1))]), 1)
  assert.match(ran.stderr, 'is marked "stack:one/bridge.lan"')
})

scenario("a link that somebody calls otherwise goes with its stack; one in another group, too, is nobody's of the stack", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab("lan: { address: 10.20.0.1/24 }, dmz: {}", V1, "{ eth0: { bridge: lan } }"))
  apply(sandbox, file)
  const hand =
    "ip link set lab-lan alias mine; ip link set lab-a-eth0 alias mine; ip link set up1 alias mine; ip link set lab-dmz alias mine group 7"
  expectStatus(sandbox.run(["sh", "-ec", hand]), 0)
  const refused = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  assert.match(refused.stderr, /link lab-dmz \(index \d+, bridge\) is marked "mine", and bridge\.dmz wants its place/)
  assert.match(refused.stderr, "import: [{ to: bridge.dmz, name: lab-dmz }]")
  expectStatus(sandbox.run(["ip", "link", "set", "lab-dmz", "alias", "", "group", "7"]), 0)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  const left = JSON.parse(sandbox.run(["ip", "-j", "link"]).stdout) as { ifname: string }[]
  assert.equal(
    left.map(({ ifname }) => ifname).filter((name) => /^lab-|^up1/.test(name)),
    ["lab-dmz"],
  )
})

scenario(
  "what somebody has put into another group comes back into the stack's, and so is still its own when it loses its alias, too",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab(" lan: {} ", V1, "{ eth0: { bridge: lan } }"))
    apply(sandbox, file)
    const inner = () => JSON.parse(inside(live(sandbox, "lab", "a").init, "-n", "ip", "-j", "link", "show", "x1").stdout)[0].group
    const groups = () => [...["lab-lan", "lab-a-eth0", "up1"].map((name) => sandbox.ip("link", "show", name)[0].group), inner()]
    const own = groups()
    assert.equal(new Set(own).size, 1)
    const put = () => {
      for (const name of ["lab-lan", "lab-a-eth0", "up1"]) sandbox.run(["ip", "link", "set", name, "group", "7"])
      inside(live(sandbox, "lab", "a").init, "-n", "ip", "link", "set", "x1", "group", "7")
      assert.equal(groups(), ["7", "7", "7", "7"])
    }
    put()
    assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan", "update interface.a.eth0", "update veth.v1"])
    assert.match(
      sandbox.stack(["plan", "-f", file]).stdout,
      new RegExp(`bridge.lan {2}# changed outside the stack file\\n {6}group: 7 -> ${own[0]}\\n`),
    )
    // An undo gives back the group that it was found in.
    sandbox.file(
      "stack.yaml",
      `${lab(" lan: {} ", V1, "{ eth0: { bridge: lan } }").replace("veths", "  bad: { command: [/nowhere/bad], depends_on: [a] }\nveths")}`,
    )
    expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
    assert.equal(groups(), ["7", "7", "7", "7"])
    sandbox.file("stack.yaml", lab(" lan: {} ", V1, "{ eth0: { bridge: lan } }"))
    apply(sandbox, file)
    assert.equal(groups(), own)
    for (const name of ["lab-lan", "lab-a-eth0", "up1"]) sandbox.run(["ip", "link", "set", name, "alias", "of mine"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    put()
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal(
      (sandbox.ip("link") as { ifname: string }[]).map(({ ifname }) => ifname),
      ["lo"],
    )
  },
)

scenario(
  "a link that somebody renames and calls otherwise is known yet: it gets both back, or goes, and nothing of it stays",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("lan: { address: 10.20.0.1/24 }, dmz: {}", V1, "{ eth0: { bridge: lan } }"))
    apply(sandbox, file)
    const hand = (link: string, ...words: string[]) => {
      for (const set of [["down"], [...words, "alias", "mine", "up"]]) expectStatus(sandbox.run(["ip", "link", "set", link, ...set]), 0)
    }
    const links = () => (sandbox.ip("link") as { ifname: string; ifindex: number }[]).map((link) => `${link.ifindex} ${link.ifname}`).sort()
    const before = links()
    hand("lab-lan", "name", "other")
    hand("lab-a-eth0", "name", "other0")
    assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan", "update interface.a.eth0"])
    const told = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
    assert.match(told, /interface: other -> lab-lan\n +alias: mine -> stack:lab\/bridge\.lan\n/)
    assert.match(told, /interface: other0 -> lab-a-eth0\n +alias: mine -> stack:lab\/interface\.a\.eth0\n/)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(links(), before)
    assert.is(aliasOn(sandbox, "lab-lan"), "stack:lab/bridge.lan")
    // Nothing tells any more which bridge it was: it goes, and that one is made anew. A pair cannot be renamed, and is, too.
    hand("lab-lan", "name", "other", "address", "02:00:00:00:00:99")
    hand("up1", "name", "other1")
    assert.equal(verdicts(planOf(sandbox, file)), [
      "create bridge.lan",
      "update interface.a.eth0",
      "delete+create veth.v1",
      "delete bridge.other",
    ])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const names = () => links().map((link) => link.split(" ")[1])
    assert.equal(names().sort(), ["lab-a-eth0", "lab-dmz", "lab-lan", "lo", "up1"])
    hand("lab-lan", "name", "other")
    hand("lab-dmz", "name", "another", "address", "02:00:00:00:00:98")
    hand("up1", "name", "other1")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    // The other end of what went with the container's namespace goes when the kernel takes that apart, by and by.
    await eventually(() => String(names()) === "lo", "the end of all links")
  },
)

scenario("a pair's end takes the place of an interface, and the other way round", (sandbox) => {
  const port = lab("lan: { address: 10.20.0.1/24 }", "", "{ x1: { bridge: lan, address: 10.20.0.2/24 } }")
  const pair = lab("lan: { address: 10.20.0.1/24 }", V1)
  const [, ...plans] = inTurn(sandbox, port, pair, port)
  assert.equal(plans, [
    ["update container.a", "create veth.v1", "delete hosts.stack", "delete interface.a.x1"],
    ["create hosts.stack", "update container.a", "create interface.a.x1", "delete veth.v1"],
  ])
})

const ROUTED = lab("lan: { address: 10.20.0.1/24 }", "", "{ eth0: { bridge: lan, address: 10.20.0.2/24, gateway: 10.20.0.1 } }")

/** Where someone moves the port to, by a process there. */
const ELSEWHERE: [where: string, pid: (sandbox: Sandbox) => Promise<number>][] = [
  ["its own container", async (sandbox) => live(sandbox, "lab", "a").init],
  ["another container", async (sandbox) => live(sandbox, "lab", "b").init],
  ["some namespace", aside],
]

/** A process in a network namespace of its own that is no container. */
async function aside(sandbox: Sandbox): Promise<number> {
  sandbox.start(["unshare", "-n", "sleep", "61"])
  for (let tries = 0; tries < 100; tries++) {
    const pid = sandbox.processes().find((p) => titleOf(p) === "sleep 61")
    if (pid !== undefined) return pid
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("no process sleeps in a namespace of its own")
}

for (const [where, pid] of ELSEWHERE) {
  scenario(`an interface whose port was moved into ${where} is made anew, it alone`, async (sandbox) => {
    const file = sandbox.file("stack.yaml", ROUTED)
    apply(sandbox, file)
    const before = live(sandbox, "lab", "a")
    expectStatus(inside(before.monitor, "-n", "ip", "link", "set", "lab-a-eth0", "netns", String(await pid(sandbox))), 0)
    assert.equal(verdicts(planOf(sandbox, file)), ["delete+create interface.a.eth0"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(live(sandbox, "lab", "a"), before)
    assert.ok(pings(before.init, "10.20.0.1"))
    assert.not.match(inside(before.init, "-n", "ip", "-o", "link").stdout, "lab-a-eth0")
  })
}

scenario("what someone made inside a container in the place of an interface is named, and left alone", (sandbox) => {
  apply(sandbox, sandbox.file("stack.yaml", lab("lan: {}", "")))
  const { init } = live(sandbox, "lab", "a")
  inside(init, "-n", "ip", "link", "add", "eth0", "type", "bridge")
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", ROUTED)]), 1)
  assert.match(
    ran.stderr,
    /link eth0 \(index \d+, bridge\) in container\.a bears no mark of a stack, and interface\.a\.eth0 wants its place/,
  )
  assert.match(inside(init, "-n", "ip", "-d", "link", "show", "eth0").stdout, "bridge")
})

scenario("a gateway stays with an interface whose mark is gone", (sandbox) => {
  const file = sandbox.file("stack.yaml", ROUTED)
  apply(sandbox, file)
  sandbox.run(["ip", "link", "set", "lab-a-eth0", "alias", ""])
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.a.eth0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.match(inside(live(sandbox, "lab", "a").init, "-n", "ip", "route").stdout, "default via 10.20.0.1")
})

scenario("many pairs that go at once leave alone what is beside them", (sandbox) => {
  const pair = (name: string, ...ends: string[]) => `${name}: { endpoints: ["${ends.join(`:${name}", "`)}:${name}"] }`
  const kept = pair("kept", "a", "b")
  const gone = [pair("g1", "a", "b"), pair("g2", "b", "a"), pair("g3", "a", "host"), pair("g4", "host", "b"), pair("g5", "a", "b")]
  apply(sandbox, sandbox.file("stack.yaml", lab("", [kept, ...gone].join(", "))))
  const [{ init }, b] = [live(sandbox, "lab", "a"), live(sandbox, "lab", "b")]
  // In the very group that would be made up for those that go.
  inside(init, "-n", "ip", "link", "add", "own0", "group", String(0x53ff0000), "type", "veth", "peer", "name", "own1")
  // A pair of which one end was torn out of its place: the other container has it.
  inside(init, "-n", "ip", "link", "set", "g5", "netns", String(b.init), "name", "torn")
  const file = sandbox.file("stack.yaml", lab("", kept))
  assert.equal(
    verdicts(planOf(sandbox, file)),
    ["g1", "g2", "g3", "g4", "g5"].map((name) => `delete veth.${name}`),
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const names = (pid: number) => [...inside(pid, "-n", "ip", "-o", "link").stdout.matchAll(/^\d+: ([^:@]+)/gm)].map((found) => found[1])
  assert.equal(names(init).toSorted(), ["kept", "lo", "own0", "own1"])
  assert.equal(names(b.init).toSorted(), ["kept", "lo"])
  assert.is(live(sandbox, "lab", "a").init, init)
})

test.run()
