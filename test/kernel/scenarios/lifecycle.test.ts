import { existsSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { addressesOf, apply, expectConverged, expectStatus, inits, inside, live, scenario, test } from "../../support/lab.ts"

const LAB = `name: lab
bridges: { lan: { address: 10.20.0.1/24, ignore_drift: [mtu] } }
containers:
  db:
    image: host
    command: [sleep, infinity]
    environment: { A: "1" }
    ignore_drift: [hostname]
    prevent_destroy: true
    interfaces: { eth0: { bridge: lan, address: 10.20.0.10/24 } }
  web: { image: host, command: [sleep, infinity], environment: { A: "1" } }
`

scenario("ignore_drift: what was changed by hand stays, until the file wants something new", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "db")
  sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1400"])
  const name = () => sandbox.stack(["exec", "-f", file, "db", "--", "hostname"]).stdout.trim()
  expectStatus(inside(init, "-u", "hostname", "by-hand"), 0)
  expectConverged(sandbox, file)
  assert.is(sandbox.ip("link", "show", "lab-lan")[0].mtu, 1400)
  assert.is(live(sandbox, "lab", "db").init, init)
  writeFileSync(file, LAB.replace("    ignore_drift: [hostname]", "    hostname: wanted\n    ignore_drift: [hostname]"))
  apply(sandbox, file)
  assert.is(name(), "wanted")
  assert.is(live(sandbox, "lab", "db").init, init)
})

scenario("ignore_drift: another limit is changed, and the one that drifted stays as it is", (sandbox) => {
  const lab = (limits: string) =>
    `name: lab\ncontainers:\n  db: { image: host, command: [sleep, infinity], limits: ${limits}, ignore_drift: [limits.pids] }\n`
  const file = sandbox.file("stack.yaml", lab("{ pids: 50, memory: 64M }"))
  apply(sandbox, file)
  const pidsMax = () => sandbox.run(["sh", "-c", "find /sys/fs/cgroup -path '*stack/lab/db/pids.max' | head -1"]).stdout.trim()
  sandbox.run(["sh", "-c", `echo 77 > ${pidsMax()}`])
  expectConverged(sandbox, file)
  writeFileSync(file, lab("{ pids: 50, memory: 32M }"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(sandbox.run(["cat", pidsMax()]).stdout, "77\n")
  writeFileSync(file, lab("{ pids: 60, memory: 32M }"))
  apply(sandbox, file)
  assert.is(sandbox.run(["cat", pidsMax()]).stdout, "60\n")
})

scenario("ignore_drift: what the file wants of what it moves is planned also after an apply of something else", (sandbox) => {
  const box = (memory: string) => `{ command: [sleep, infinity], limits: { memory: ${memory} }, ignore_drift: [limits.memory] }`
  const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n  www: ${box("64M")}\n`)
  apply(sandbox, file)
  const changed = `name: lab\nbridges: { lan: {} }\ncontainers:\n  web: ${box("128M")}\nmoved: [{ from: container.www, to: container.web }]\n`
  writeFileSync(file, changed)
  apply(sandbox, file, "--target", "bridge.lan")
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, "limits.memory: 64M -> 128M")
  writeFileSync(file, changed.replace("web:", "www:").replace(/moved.*/, ""))
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, "limits.memory: 64M -> 128M")
})

const FAULTY = fileURLToPath(new URL("../../../dist-faults/stack.js", import.meta.url))

if (existsSync(FAULTY))
  scenario("ignore_drift: what a killed apply has not come to is no drift", (sandbox) => {
    const file = sandbox.file("stack.yaml", "name: lab\nbridges: { lan: { address: 10.20.0.1/24, ignore_drift: [address, up] } }\n")
    for (let k = 1, killed = true; killed; k++) {
      const env = { STACK_FAULT: `kill:${k}` }
      killed = sandbox.run([process.execPath, FAULTY, "apply", "-y", "-f", file], { env }).status !== 0
      apply(sandbox, file)
      const [link] = sandbox.ip("addr", "show", "dev", "lab-lan")
      assert.equal([addressesOf(link), link.flags.includes("UP")], [["10.20.0.1/24"], true], `killed at operation ${k}`)
      expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    }
  })

scenario("prevent_destroy: the rest is done, with exit code 3", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = inits(sandbox, "lab")
  writeFileSync(file, LAB.replaceAll('A: "1"', 'A: "2"'))
  const planned = sandbox.stack(["plan", "-f", file])
  expectStatus(planned, 3)
  assert.match(planned.stderr, /stack\.yaml:9:\d+: error: container\.db is not replaced: prevent_destroy/)
  assert.match(planned.stdout, /-\/\+ container\.web/)
  assert.not.match(planned.stdout, /container\.db/)
  expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 3)
  assert.is(inits(sandbox, "lab").db, before.db)
  assert.is.not(inits(sandbox, "lab").web, before.web)

  writeFileSync(file, `${LAB}  broken: { comand: x }\n`)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 1)
  // However it is written, and wherever: of such a file no more than the name would be read.
  const [head = "", ofDb = ""] = LAB.split(/(?<=containers:\n)/)
  sandbox.file("db.yaml", `containers:\n${ofDb.replace(/ {2}web.*\n/, "")}`)
  for (const text of [
    LAB,
    LAB.replace("prevent_destroy", '"prevent\\u005fdestroy"'),
    `include: [db.yaml]\n${head}  web: { image: host, command: [sleep, infinity] }\n`,
  ]) {
    writeFileSync(file, text)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 3)
    assert.equal(Object.keys(inits(sandbox, "lab")), ["db"])
  }
  assert.is(sandbox.ip("link", "show", "lab-lan").length, 1, "the bridge that its interface is on")
  expectStatus(sandbox.stack(["destroy", "-y", "-p", "lab"]), 0)
  assert.equal(inits(sandbox, "lab"), {})
})

const DHCP = `
name: lab
bridges: { lan: {} }
containers:
  server:
    command: [dnsmasq, -k, --port=0, --pid-file=, --user=root, --dhcp-leasefile=/tmp/leases, "--dhcp-range=10.30.0.100,10.30.0.150,1h"]
    cap_add: [NET_ADMIN, NET_RAW]
    interfaces: { eth0: { bridge: lan, address: 10.30.0.1/24 } }
  client:
    command: [sleep, infinity]
    cap_add: [NET_ADMIN, NET_RAW]
    interfaces: { eth0: { bridge: lan, ignore_drift: [address] } }
`
const LEASED = '#!/bin/sh\n[ "$1" != bound ] || { ip addr add $ip/24 dev $interface && ip route add default via $router; }\n'

scenario(
  "an address that a container has by DHCP is let be, where the file says so, also when the container is replaced",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", DHCP)
    apply(sandbox, file)
    const exec = (...args: string[]) =>
      expectStatus(sandbox.stack(["exec", "-f", file, "client", "--", ...args], { input: LEASED }), 0).stdout
    exec("sh", "-c", "cat >/tmp/leased; chmod +x /tmp/leased")
    exec("busybox", "udhcpc", "-nqi", "eth0", "-s", "/tmp/leased", "-t", "10")
    const leased = /10\.30\.0\.1[0-5][0-9]\/24/
    assert.match(exec("ip", "addr", "show", "dev", "eth0"), leased)
    assert.match(exec("ip", "route"), "default via 10.30.0.1")
    expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", file]), 0)
    writeFileSync(file, DHCP.replace("[sleep, infinity]", "[sleep, 1d]"))
    apply(sandbox, file)
    assert.match(exec("ip", "addr", "show", "dev", "eth0"), leased)
    writeFileSync(file, DHCP.replace(", ignore_drift: [address]", ""))
    assert.match(sandbox.stack(["plan", "-f", file]).stdout, /interface\.client\.eth0[^\n]*\n {6}address: \[10\.30\.0\.1\d\d\/24\] -> \[\]/)
  },
  ["dnsmasq", "busybox"],
)

test.run()
