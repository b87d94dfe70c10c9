import { statSync } from "node:fs"
import * as assert from "uvu/assert"
import { capturing } from "../../support/capturing.ts"
import { apply, expectConverged, expectNoTrace, expectStatus, inits, inside, scenario, test } from "../../support/lab.ts"
import { ordinaryUser } from "../../support/ordinary.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const LAB = `
name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  r1: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } }
  r2: { command: [sleep, infinity] }
veths:
  core:
    endpoints: [{ container: r1, interface: eth1, address: 10.1.0.1/30 }, { container: r2, interface: eth1, address: 10.1.0.2/30 }]
`

const NEEDS = ["tcpdump"]

/** What tcpdump reads of a file in the sandbox, a packet a line, without times. A file that ends within a packet is an error to it. */
function packets(sandbox: Sandbox, file: string, ...filter: string[]): string[] {
  const { stdout } = expectStatus(sandbox.run(["tcpdump", "-tnnr", file, ...filter]), 0)
  return stdout.split("\n").filter((line) => line !== "")
}

function ping(sandbox: Sandbox, count: number, to: string, ...flags: string[]): void {
  expectStatus(inside(inits(sandbox, "lab").r1 as number, "-n", "ping", "-q", `-c${count}`, "-i0.1", ...flags, to), 0)
}

const stackIn = (sandbox: Sandbox, file: string, ...args: string[]) => sandbox.command("capture", "-f", file, ...args)

scenario(
  "a capture into a file holds exactly the packets, is its owner's alone, and is nothing to a plan",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const begun = Date.now()
    const capture = await capturing(sandbox, stackIn(sandbox, file, "container.r1:eth1", "--write", "r1.pcap"))
    ping(sandbox, 3, "10.1.0.2", "-s100", "-e77")
    expectConverged(sandbox, file)
    capture.signal("INT")
    const { status, bytes, stderr } = await capture.ended
    assert.equal([status, bytes.length], [0, 0])
    assert.match(stderr, /^r1:eth1: capturing\n\d+ packets captured, 0 dropped by kernel\n$/)
    assert.is(statSync(`${sandbox.work}/r1.pcap`).mode & 0o777, 0o600)
    const seen = packets(sandbox, "r1.pcap", "icmp")
    const way = (from: string, to: string, what: string, i: number) => `IP ${from} > ${to}: ICMP echo ${what}, id 77, seq ${i}, length 108`
    const both = (i: number) => [way("10.1.0.1", "10.1.0.2", "request", i), way("10.1.0.2", "10.1.0.1", "reply", i)]
    assert.equal(seen, [1, 2, 3].flatMap(both))
    const all = packets(sandbox, "r1.pcap").length
    assert.match(stderr, `${all} packets captured`)
    // Nanoseconds of the clock that everybody goes by.
    const times = sandbox.run(["tcpdump", "-ttnnr", "r1.pcap", "--time-stamp-precision=nano", "icmp"]).stdout
    for (const time of times.trim().split("\n")) {
      const at = Number(time.split(" ")[0]) * 1000
      assert.ok(at >= begun - 1 && at <= Date.now(), time)
    }
    expectConverged(sandbox, file)
  },
  NEEDS,
)

scenario(
  "a stream is read as it comes: so many packets, so many bytes of each, for so long",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const stream = (...args: string[]) =>
      sandbox.run(["sh", "-c", `${stackIn(sandbox, file, ...args).join(" ")} >out.pcap 2>err; echo $?; cat err`]).stdout
    const start = (...args: string[]) => capturing(sandbox, stackIn(sandbox, file, ...args))
    const four = await start("r1:eth1", "--count", "4", "--snaplen", "64")
    ping(sandbox, 3, "10.1.0.2", "-s1000")
    const { status, bytes } = await four.ended
    assert.equal([status, bytes.readUInt32LE(0).toString(16), bytes.readUInt32LE(16), bytes.readUInt32LE(20)], [0, "a1b23c4d", 64, 1])
    assert.is(bytes.length, 24 + 4 * 16 + kept(bytes))
    assert.match(stream("bridge.lan", "-w", "-", "--for", "300ms"), /^0\nhost:lab-lan: capturing\n\d+ packets captured/)
    const lo = await start("r1:lo", "--for", "3s")
    ping(sandbox, 2, "127.0.0.1")
    const looped = await lo.ended
    assert.is(looped.status, 0)
    assert.match(looped.stderr, "4 packets captured", "each once, though loopback hands it out twice")
    const port = await start("host:lab-r1-eth0", "--count", "2")
    ping(sandbox, 1, "10.20.0.1")
    assert.is((await port.ended).status, 0)
  },
  NEEDS,
)

/** Bytes of packets in a pcap file, each of which has no more than 64. */
function kept(bytes: Buffer): number {
  let sum = 0
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    assert.ok(bytes.readUInt32LE(at + 8) <= 64)
    sum += bytes.readUInt32LE(at + 8)
  }
  return sum
}

scenario(
  "a filter of tcpdump's words, and one that tcpdump has compiled, have only their packets captured",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const captured = async (link: string, ...args: string[]) => {
      const capture = await capturing(sandbox, stackIn(sandbox, file, link, "-w", "some.pcap", ...args))
      ping(sandbox, 2, "10.1.0.2", "-e7")
      expectStatus(
        inside(inits(sandbox, "lab").r1 as number, "-n", "bash", "-c", "echo x >/dev/udp/10.1.0.2/53; echo y >/dev/udp/10.1.0.2/54"),
        0,
      )
      capture.signal("INT")
      assert.is((await capture.ended).status, 0)
      const seen = packets(sandbox, "some.pcap")
      sandbox.run(["rm", "some.pcap"])
      return seen
    }
    const requests = [1, 2].map((i) => `IP 10.1.0.1 > 10.1.0.2: ICMP echo request, id 7, seq ${i}, length 64`)
    const replies = [1, 2].map((i) => `IP 10.1.0.2 > 10.1.0.1: ICMP echo reply, id 7, seq ${i}, length 64`)
    assert.equal(await captured("r1:eth1", "icmp", "and", "src", "host", "10.1.0.1"), requests)
    assert.equal(await captured("container.r2:eth1", "icmp and dst net 10.1.0.2/32 and not greater 99"), requests)
    assert.is((await captured("r1:eth1", "udp dst port 53 or 54")).length, 2)
    assert.ok((await captured("r1:eth1", "")).length >= 6, "an empty one has all packets captured, as tcpdump's")
    const { stdout: compiled } = expectStatus(sandbox.run(["tcpdump", "-ddd", "-y", "EN10MB", "icmp[icmptype] = icmp-echoreply"]), 0)
    sandbox.file("replies.bpf", compiled)
    assert.equal(await captured("r1:eth1", "--bpf", "replies.bpf"), replies)
    const refused = (status: number, words: string | RegExp, ...args: string[]) => {
      const ran = expectStatus(sandbox.stack(["capture", "-f", file, "r1:eth1", ...args]), status)
      expectNoTrace(ran)
      assert.match(ran.stderr, words)
    }
    refused(
      1,
      /^filter:1:5: error: `and` or `or` is missing before this\n.*tcp prot 80\n.*\^{4}\n {2}hint: did you mean port\?/,
      "tcp",
      "prot",
      "80",
    )
    refused(64, "either written or, with --bpf, compiled already", "--bpf", "replies.bpf", "tcp")
    refused(1, "none.bpf is not there", "--bpf", "none.bpf")
    sandbox.file("loop.bpf", "1\n21 0 0 0\n")
    refused(1, "the kernel does not take this filter: Invalid argument", "--bpf", "loop.bpf")
  },
  NEEDS,
)

scenario(
  "thousands of packets in a second: none is lost",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const capture = await capturing(sandbox, stackIn(sandbox, file, "r2:eth1", "-w", "flood.pcap"))
    const init = inits(sandbox, "lab").r1 as number
    expectStatus(inside(init, "-n", "ping", "-q", "-f", "-c20000", "-s600", "10.1.0.2"), 0)
    capture.signal("TERM")
    const { stderr } = await capture.ended
    assert.match(stderr, ", 0 dropped by kernel")
    assert.is(packets(sandbox, "flood.pcap", "icmp").length, 40_000)
  },
  NEEDS,
)

scenario(
  "ended by a signal the file is whole; an end that was asked for and has not come says so by the exit code",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    for (const [signal, args, code] of [
      ["INT", [], 0],
      ["TERM", [], 0],
      ["INT", ["--for", "1h"], 130],
      ["TERM", ["--count", "1000000"], 143],
    ] as const) {
      const name = `${signal}-${args.length}.pcap`
      const capture = await capturing(sandbox, stackIn(sandbox, file, "r1:eth1", "-w", name, ...args))
      ping(sandbox, 2, "10.1.0.2")
      capture.signal(signal)
      const { status, stderr } = await capture.ended
      assert.is(status, code, `${name}: ${stderr}`)
      assert.is(packets(sandbox, name, "icmp").length, 4)
    }
  },
  NEEDS,
)

scenario(
  "a reader that goes ends it without a word",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const line = `{ ${stackIn(sandbox, file, "r1:eth1").join(" ")} 2>err; echo $? >code; } | head -c24 | wc -c; cat code err`
    const ran = expectStatus(sandbox.run(["sh", "-c", line]), 0)
    assert.is(ran.stdout.trim().replace(/\s+/g, " "), "24 0 r1:eth1: capturing")
  },
  NEEDS,
)

scenario(
  "a link that is cut is captured on; one that goes, with its container or without, ends the capture, and nothing is left of either",
  async (sandbox) => {
    const empty = readTraces(sandbox)
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const cut = await capturing(sandbox, stackIn(sandbox, file, "r1:eth1", "-w", "cut.pcap"))
    expectStatus(sandbox.stack(["link", "-f", file, "down", "r1:eth1"]), 0)
    expectStatus(sandbox.stack(["link", "-f", file, "up", "r1:eth1"]), 0)
    ping(sandbox, 2, "10.1.0.2")
    const lone = await capturing(sandbox, stackIn(sandbox, file, "r1:lo", "-w", "lone.pcap"))
    sandbox.file("stack.yaml", LAB.slice(0, LAB.indexOf("veths:")))
    apply(sandbox, file)
    const { status, stderr } = await cut.ended
    assert.is(status, 1)
    assert.match(stderr, /packets captured, 0 dropped by kernel\nerror: the link is gone\n {2}hint: what came before is written/)
    assert.is(packets(sandbox, "cut.pcap", "icmp").length, 4)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is((await lone.ended).status, 1)
    for (const name of ["cut.pcap", "lone.pcap"]) sandbox.run(["rm", name])
    expectSameTraces(readTraces(sandbox), empty)
  },
  NEEDS,
)

scenario(
  "a container that is started anew keeps its links, and the capture goes on",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const capture = await capturing(sandbox, stackIn(sandbox, file, "r1:eth1", "-w", "kept.pcap"))
    const before = inits(sandbox, "lab").r1
    sandbox.file("stack.yaml", LAB.replace("r1: { command: [sleep, infinity]", "r1: { command: [sleep, '9999']"))
    apply(sandbox, file)
    assert.is.not(inits(sandbox, "lab").r1, before)
    ping(sandbox, 2, "10.1.0.2")
    capture.signal("INT")
    assert.is((await capture.ended).status, 0)
    assert.is(packets(sandbox, "kept.pcap", "icmp").length, 4)
  },
  NEEDS,
)

scenario("what cannot be captured is told by name, and no file is left", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const refused = (status: number, words: string | RegExp, ...args: string[]) => {
    const ran = expectStatus(sandbox.stack(["capture", "-f", file, ...args]), status)
    expectNoTrace(ran)
    assert.match(ran.stderr, words)
    assert.is(ran.stdout, "")
  }
  refused(1, /stack lab has no live link r1:eth7\n {2}hint: did you mean r1:eth[01]\?/, "r1:eth7")
  refused(1, "stack lab has no live link r3:eth0", "r3:eth0", "-w", "new.pcap")
  refused(1, /veth\.core has two ends, r1:eth1 and r2:eth1\n {2}hint: both see the same packets: name one of them/, "veth.core")
  refused(64, "It must be from 64 to 262144", "r1:eth1", "--snaplen", "10")
  refused(64, "It must be at least 1", "r1:eth1", "--count", "0")
  sandbox.file("there.pcap", "mine")
  refused(1, /there\.pcap cannot be written: File exists\n {2}hint: name another file/, "r1:eth1", "-w", "there.pcap")
  refused(1, "none/new.pcap cannot be written: No such file or directory", "r1:eth1", "-w", "none/new.pcap")
  assert.is(sandbox.run(["sh", "-c", "cat there.pcap; ls *.pcap"]).stdout, "minethere.pcap\n")
  const full = sandbox.run(["sh", "-c", `${stackIn(sandbox, file, "r1:eth1").join(" ")} >/dev/full`])
  assert.equal([full.status, full.stderr.includes("standard output cannot be written: No space left on device")], [1, true])
  const terminal = sandbox.run(["script", "-qec", sandbox.command("capture", "-f", file, "r1:eth1").join(" "), "/dev/null"])
  assert.is(terminal.status, 64)
  assert.match(terminal.stdout, "packets are no text for a terminal: have them written to a file (--write FILE), or read")
  assert.match(terminal.stdout, "stack capture r1:eth1 | tcpdump -r -")
})

scenario(
  "an ordinary user captures its own links",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const file = sandbox.file("stack.yaml", LAB)
    expectStatus(user.stack(["apply", "-y", "-f", file]), 0)
    const path = `${user.home}/r1.pcap`
    const capture = await capturing(sandbox, user.stackCommand("capture", "-f", file, "r1:eth1", "-w", path), user.environment)
    expectStatus(user.stack(["exec", "-f", file, "r1", "--", "ping", "-q", "-c2", "10.1.0.2"]), 0)
    capture.signal("INT")
    const { status, stderr } = await capture.ended
    assert.is(status, 0, stderr)
    assert.is(sandbox.run(["stat", "-c", "%U %a", path]).stdout, "ordinary 600\n")
    assert.is(packets(sandbox, path, "icmp").length, 4)
    expectStatus(user.stack(["destroy", "-y", "-f", file]), 0)
  },
  [...NEEDS, "newuidmap", "setpriv"],
)

test.run()
