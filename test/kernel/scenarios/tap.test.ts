/** Tap devices of containers, through which a program of the container's sends and takes in frames. */
import { existsSync, readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"

const lacking = existsSync("/dev/net/tun") ? undefined : "this kernel has no tap devices"
const scenarioOfTaps: typeof scenario = (name, body) =>
  lacking === undefined ? scenario(name, body) : testsUnless(lacking)(name, () => undefined)

/** A node that all may open, whatever the machine's own is like. */
function node(sandbox: Sandbox): void {
  const words = "mount -t tmpfs none /dev/net && mknod /dev/net/tun c 10 200 && chmod 666 /dev/net/tun"
  expectStatus(sandbox.run(["sh", "-c", words]), 0)
}

const lab = (tap: string, rest = "") => `
name: lab
containers:
  web:
    command: [sleep, infinity]
    cap_drop: [ALL]
    devices: ["/dev/net/tun:/dev/net/tun"]
    interfaces:
      t0: { tap: ${tap}, address: 10.70.0.1/24${rest} }
`

function inWeb(sandbox: Sandbox, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab").web as number, "-n", ...command), 0).stdout
}

/** What `ip -d link` says of it. */
function tap(sandbox: Sandbox): { [key: string]: unknown } {
  const [link] = JSON.parse(inWeb(sandbox, "ip", "-d", "-j", "link", "show", "t0"))
  const { type, persist, user, group, multi_queue } = link.linkinfo.info_data
  return { index: link.ifindex, alias: link.ifalias, mac: link.address, mtu: link.mtu, type, persist, user, group, multi_queue }
}

/** Opens a tap as a program of the container's would, and answers one question for an address with its own. */
const PROGRAM = `
import fcntl, os, struct, sys
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"t0", 0x1002))
print("open", flush=True)
while True:
    frame = os.read(tun, 2000)
    if frame[12:14] == b"\\x08\\x06" and frame[38:42] == bytes([10, 70, 0, 9]):
        me = bytes([2, 0, 0, 0, 0, 9])
        os.write(tun, frame[6:12] + me + frame[12:20] + b"\\x00\\x02" + me + frame[38:42] + frame[22:28] + frame[28:32])
`

scenarioOfTaps("a tap is the container's: its user may open it, it stays when nobody does, and what it is replaces it alone", (sandbox) => {
  node(sandbox)
  const wish = (...words: [string, string?]) => sandbox.file("stack.yaml", lab(...words))
  const file = wish("{ owner: 1000, group: 1001 }", ", mtu: 1400")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const pid = inits(sandbox, "lab").web
  const first = tap(sandbox)
  assert.equal([first.type, first.persist, first.multi_queue, first.mtu], ["tap", true, false, 1400])
  assert.is(first.alias, "stack:lab/interface.web.t0")
  const [, outside] = /^ *0 +(\d+)/.exec(readFileSync(`/proc/${pid}/uid_map`, "utf8")) ?? []
  assert.equal([first.user, first.group], [Number(outside) + 1000, Number(outside) + 1001])
  // Somebody else may not open it.
  const open = (user: string) => sandbox.stack(["exec", "-f", file, "--user", user, "web", "--", "timeout", "2", "python3", "-c", PROGRAM])
  assert.match(open("1001:1000").stderr, "Operation not permitted")
  assert.match(open("1000:1001").stdout, "open")
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
  inWeb(sandbox, "ip", "link", "set", "t0", "mtu", "1300", "address", "02:00:00:00:00:66")
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.web.t0"])
  apply(sandbox, file)
  assert.equal(tap(sandbox), first)
  wish("{ multi_queue: true }")
  assert.equal(verdicts(planOf(sandbox, file)), ["delete+create interface.web.t0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { index: _, ...second } = tap(sandbox)
  assert.equal(second, {
    ...{ alias: first.alias, mac: first.mac, mtu: 1500, type: "tap", persist: true },
    user: undefined,
    group: undefined,
    multi_queue: true,
  })
  inWeb(sandbox, "ip", "link", "del", "t0")
  assert.equal(verdicts(planOf(sandbox, file)), ["create interface.web.t0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(inits(sandbox, "lab").web, pid)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenarioOfTaps("frames go between a tap and the program that has it open", (sandbox) => {
  node(sandbox)
  const file = sandbox.file("stack.yaml", lab("{ owner: 1000 }"))
  apply(sandbox, file)
  sandbox.start(sandbox.command("exec", "-f", file, "--user", "1000", "web", "--", "timeout", "20", "python3", "-c", PROGRAM))
  const neighbour = "for i in $(seq 100); do ping -c1 -W1 10.70.0.9 >/dev/null; ip neigh show 10.70.0.9 | grep lladdr && exit; done; exit 1"
  assert.match(inWeb(sandbox, "sh", "-c", neighbour), "02:00:00:00:00:09")
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

test.run()
