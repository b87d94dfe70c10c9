/** WireGuard between containers. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"

const kernelHasIt = spawnSync("unshare", ["-n", "ip", "link", "add", "probe", "type", "wireguard"]).status === 0
const lacking = !kernelHasIt ? "this kernel has no wireguard" : spawnSync("wg", ["--version"]).status === 0 ? undefined : "wg is missing"
const scenarioOfWireGuard: typeof scenario = (name, body) =>
  lacking === undefined ? scenario(name, body) : testsUnless(lacking)(name, () => undefined)

function inSide(sandbox: Sandbox, name: string, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab")[name] as number, "-n", ...command), 0).stdout
}

/** A private key in a file, and the public one. */
function pair(sandbox: Sandbox, name: string): string {
  expectStatus(
    sandbox.run(["sh", "-c", `umask 077; wg genkey > ${name}.key; wg pubkey < ${name}.key > ${name}.pub; wg genpsk > psk.key`]),
    0,
  )
  return readFileSync(`${sandbox.work}/${name}.pub`, "utf8").trim()
}

interface Side {
  key: string
  peer: string
  /** What else is said of the other one. */
  rest?: string
}

const lab = (web: Side, db: Side, port = 51820) => `
name: lab
secrets: { web: { file: ./web.key }, db: { file: ./db.key }, psk: { file: ./psk.key } }
bridges: { lan: {} }
containers:
  web:
    command: [sleep, infinity]
    interfaces:
      eth0: { bridge: lan, address: 10.60.0.1/24 }
      wg0:
        address: 10.61.0.1/24
        wireguard:
          private_key: ${web.key}
          listen_port: ${port}
          peers: [{ public_key: "${web.peer}", endpoint: "10.60.0.2:51821", allowed_ips: [10.61.0.2, 10.62.0.0/16]${web.rest ?? ""} }]
  db:
    command: [sleep, infinity]
    interfaces:
      eth0: { bridge: lan, address: 10.60.0.2/24 }
      wg0:
        address: 10.61.0.2/24
        wireguard:
          private_key: ${db.key}
          listen_port: 51821
          peers: [{ public_key: "${db.peer}", allowed_ips: 10.61.0.0/24${db.rest ?? ""} }]
`

scenarioOfWireGuard(
  "packets go encrypted between two containers; ports, peers and keys change in place, by the file and by hand",
  (sandbox) => {
    const [web, db] = [pair(sandbox, "web"), pair(sandbox, "db")]
    const wish = (rest = "", port = 51820) =>
      sandbox.file(
        "stack.yaml",
        lab({ key: "web", peer: db, rest }, { key: "db", peer: web, rest: rest.replace(/, keepalive: \d+/, "") }, port),
      )
    const file = wish()
    const plan = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
    const secret = readFileSync(`${sandbox.work}/web.key`, "utf8").trim()
    apply(sandbox, file)
    expectConverged(sandbox, file)
    inSide(sandbox, "web", "ping", "-c1", "-W5", "10.61.0.2")
    expectConverged(sandbox, file)
    const wg = (...words: string[]) => inSide(sandbox, "web", "wg", ...words).trim()
    assert.is(wg("show", "wg0", "listen-port"), "51820")
    assert.is(wg("show", "wg0", "private-key"), secret)
    assert.is(wg("show", "wg0", "allowed-ips"), `${db}\t10.61.0.2/32 10.62.0.0/16`)
    const { index } = linkOf(sandbox)
    const before = inits(sandbox, "lab")
    const turn = (expected: string[]) => {
      assert.equal(verdicts(planOf(sandbox, file)), expected)
      apply(sandbox, file)
      expectConverged(sandbox, file)
    }
    // By hand: another key, another port, no peer, another place, other networks.
    wg("set", "wg0", "private-key", `${sandbox.work}/db.key`, "listen-port", "4000")
    turn(["update interface.web.wg0"])
    wg("set", "wg0", "peer", db, "remove", "peer", web, "allowed-ips", "10.61.0.2/32")
    turn(["update interface.web.wg0"])
    wg("set", "wg0", "peer", db, "endpoint", "10.60.0.9:9", "allowed-ips", "10.70.0.0/16", "persistent-keepalive", "7")
    turn(["update interface.web.wg0"])
    assert.is(wg("show", "wg0", "private-key"), secret)
    assert.is(wg("show", "wg0", "peers"), db)
    inSide(sandbox, "web", "ping", "-c1", "-W5", "10.61.0.2")
    // By the file.
    wish(", preshared_key: psk, keepalive: 25", 51822)
    turn(["update interface.web.wg0", "update interface.db.wg0"])
    assert.is(wg("show", "wg0", "preshared-keys"), `${db}\t${readFileSync(`${sandbox.work}/psk.key`, "utf8").trim()}`)
    assert.is(wg("show", "wg0", "persistent-keepalive"), `${db}\t25`)
    inSide(sandbox, "web", "ping", "-c1", "-W5", "10.61.0.2")
    // Another key in the file of the secret.
    expectStatus(sandbox.run(["sh", "-c", "wg genpsk > psk.key"]), 0)
    turn(["update interface.web.wg0", "update interface.db.wg0"])
    wish()
    turn(["update interface.web.wg0", "update interface.db.wg0"])
    assert.is(wg("show", "wg0", "preshared-keys"), `${db}\t(none)`)
    assert.is(linkOf(sandbox).index, index)
    assert.equal(inits(sandbox, "lab"), before)
    // Its private key is in nothing that this program writes or says.
    const told = sandbox.stack(["plan", "--json", "-f", file]).stdout + sandbox.stack(["show", "--json", "-f", file]).stdout + plan
    const kept = sandbox.run(["grep", "-rlF", secret, "/run/stack", "/var/lib/stack"])
    assert.not.match(told, secret)
    assert.is(kept.stdout, "")
    expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
    assert.not.match(readFileSync(`${sandbox.work}/again.yaml`, "utf8"), secret)
    expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  },
)

function linkOf(sandbox: Sandbox): { index: number } {
  const [link] = JSON.parse(inSide(sandbox, "web", "ip", "-j", "link", "show", "wg0"))
  return { index: link.ifindex }
}

scenarioOfWireGuard("a link is made anew with its key and its peers, and stays when its container is replaced", (sandbox) => {
  const [web, db] = [pair(sandbox, "web"), pair(sandbox, "db")]
  const text = lab({ key: "web", peer: db }, { key: "db", peer: web })
  const file = sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  inSide(sandbox, "web", "ip", "link", "del", "wg0")
  assert.equal(verdicts(planOf(sandbox, file)), ["create interface.web.wg0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { index } = linkOf(sandbox)
  sandbox.file("stack.yaml", text.replace("[sleep, infinity]", "[sleep, 1d]"))
  assert.equal(verdicts(planOf(sandbox, file)), ["delete+create container.web"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(linkOf(sandbox).index, index)
  inSide(sandbox, "web", "ping", "-c1", "-W5", "10.61.0.2")
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenarioOfWireGuard("a peer that has moved is drift where the file says where it is, unless it may be anywhere", (sandbox) => {
  const [web, db] = [pair(sandbox, "web"), pair(sandbox, "db")]
  const text = lab({ key: "web", peer: db }, { key: "db", peer: web })
  const file = sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  inSide(sandbox, "web", "ping", "-c1", "-W5", "10.61.0.2")
  // The other side speaks from another port from now on: this one follows, as the protocol has it.
  inSide(sandbox, "db", "wg", "set", "wg0", "listen-port", "51999")
  inSide(sandbox, "db", "ping", "-c1", "-W5", "10.61.0.1")
  assert.is(inSide(sandbox, "web", "wg", "show", "wg0", "endpoints"), `${db}\t10.60.0.2:51999\n`)
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.web.wg0", "update interface.db.wg0"])
  sandbox.file(
    "stack.yaml",
    text
      .replace("      wg0:", "      wg0:\n        ignore_drift: [wireguard.peers.*.endpoint]")
      .replace("listen_port: 51821", "listen_port: 51999"),
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(inSide(sandbox, "web", "wg", "show", "wg0", "endpoints"), `${db}\t10.60.0.2:51999\n`)
  inSide(sandbox, "web", "ping", "-c1", "-W5", "10.61.0.2")
})

scenarioOfWireGuard("a key may come from the environment", (sandbox) => {
  const [web, db] = [pair(sandbox, "web"), pair(sandbox, "db")]
  const text = lab({ key: "web", peer: db }, { key: "db", peer: web }).replace("web: { file: ./web.key }", "web: { environment: WEB_KEY }")
  const file = sandbox.file("stack.yaml", text)
  const env = { WEB_KEY: readFileSync(`${sandbox.work}/web.key`, "utf8") }
  expectStatus(sandbox.stack(["apply", "-y", "-f", file], { env }), 0)
  inSide(sandbox, "web", "ping", "-c1", "-W5", "10.61.0.2")
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", file], { env }), 0)
  const other = { WEB_KEY: expectStatus(sandbox.run(["wg", "genkey"]), 0).stdout }
  const { stdout } = expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", file], { env: other }), 2)
  assert.match(stdout, "wireguard.private_key.content: another -> current")
})

scenarioOfWireGuard("a secret that is no key, or not there, is told by the plan, where the file names it", (sandbox) => {
  const [web, db] = [pair(sandbox, "web"), pair(sandbox, "db")]
  const file = sandbox.file("stack.yaml", lab({ key: "web", peer: db, rest: ", preshared_key: psk" }, { key: "db", peer: web }))
  sandbox.file("web.key", "my password\n")
  expectStatus(sandbox.run(["rm", "psk.key"]), 0)
  const { stderr } = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  assert.match(
    stderr,
    /stack\.yaml:13:\d+: error: the secret web is to be a key of interface\.web\.wg0: what .*web\.key holds is no key of WireGuard/,
  )
  assert.match(stderr, /stack\.yaml:15:\d+: error: the secret psk .*psk\.key is not there/)
  assert.not.match(stderr, "my password")
})

if (!kernelHasIt)
  scenario("wireguard is refused by the plan of a kernel that has none", (sandbox) => {
    const file = sandbox.file(
      "stack.yaml",
      "name: lab\ncontainers:\n  web:\n    command: [x]\n    interfaces: { wg0: { wireguard: {} } }\n",
    )
    const { stderr } = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
    assert.match(stderr, /stack\.yaml:5:\d+: error: this kernel has no links of kind wireguard/)
    assert.match(stderr, "CONFIG_WIREGUARD")
  })

test.run()
