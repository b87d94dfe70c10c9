/** What a filter says that is none: where, and what to do. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import { compile } from "../../../src/packets/compile.ts"
import { needsEthernet } from "../../../src/packets/condition.ts"
import { parseFilter } from "../../../src/packets/parse.ts"
import { readCompiled } from "../../../src/packets/read-compiled.ts"
import { interpret } from "./interpreter.ts"

/** `column: summary`, and behind a slash the hint. */
function mistake(make: () => unknown): string {
  try {
    make()
  } catch (failure) {
    assert.instance(failure, DiagnosticError)
    const { summary, hint, range } = (failure as DiagnosticError).diagnostics[0] ?? { summary: "" }
    const { line, column } = range?.start ?? { line: 0, column: 0 }
    return `${line}:${column}: ${summary}${hint === undefined ? "" : ` / ${hint}`}`
  }
  return "none"
}

const COMPILED = "have tcpdump compile it: `tcpdump -ddd -y EN10MB 'FILTER' | stack capture LINK --bpf -`"

test("a mistake is told where it is", () => {
  const told: { [filter: string]: string } = {
    "": "1:1: a value is missing here",
    "tcp prot 80": "1:5: `and` or `or` is missing before this / did you mean port?",
    "tcp port": "1:9: a value is missing here",
    "tcp port http": "1:10: http is no number of a port",
    "port 65536": "1:6: 65536 is no number of a port",
    "portrange 9-3": "1:11: 9-3 is no range of ports such as 8000-8080",
    "icmp port 3": "1:11: there are no ports of icmp",
    "tcp host 10.0.0.1": "1:10: tcp has no host: write `tcp and host 10.0.0.1`",
    "host 10.0.0.0/8": "1:6: 10.0.0.0/8 is a network: write `net 10.0.0.0/8`",
    "net 10.0.0.1/8": "1:5: 10.0.0.1/8 is an address in its network: that is 10.0.0.0/8",
    "net 10.0.0.0 mask 255.0.255.0": "1:5: 10.0.0.0 mask 255.0.255.0 is no network such as 10.0.0.0/8",
    "ip host fd00::1": "1:9: fd00::1 is no address of ip",
    "ether host 10.0.0.1": "1:12: 10.0.0.1 is no MAC address such as 02:00:00:00:00:01",
    "ip broadcast": "1:4: there is no broadcast of ip",
    "(tcp or udp": "1:12: `and`, `or` or `)` is missing before this",
    "tcp or": "1:7: a value is missing here",
    not: "1:4: a value is missing here",
    "vlan 4096": "1:6: `vlan` is followed by a number up to 4095",
    "htcp port 80": "1:1: htcp is no IP address / did you mean tcp?",
    "tcp[13] & 2 != 0": `1:1: bytes of a packet are not compared in this filter / ${COMPILED}`,
    "port 80 and tcp[tcpflags] == 2": `1:13: bytes of a packet are not compared in this filter / ${COMPILED}`,
  }
  for (const [filter, expected] of Object.entries(told))
    assert.is(
      mistake(() => parseFilter(filter)),
      expected,
      filter,
    )
})

test("nothing is longer than the kernel takes, and what is far is reached", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `host 10.0.${i >> 8}.${i & 255}`).join(" or ")
  const program = compile(parseFilter(many(200)), "ethernet", 99)
  const packet = Buffer.alloc(60)
  packet.writeUInt16BE(0x0800, 12)
  packet.writeUInt32BE(0x0a000000, 30)
  assert.is(interpret(program, packet), 99)
  packet.writeUInt32BE(0x0a0000c7, 30)
  assert.is(interpret(program, packet), 99)
  packet.writeUInt32BE(0x0a0000c8, 30)
  assert.is(interpret(program, packet), 0)
  assert.throws(() => compile(parseFilter(many(2000)), "ethernet", 99), RangeError)
})

test("a VLAN is found by the tag that the kernel has taken out, and by one in the packet", () => {
  const program = (filter: string) => compile(parseFilter(filter), "ethernet", 9)
  const plain = Buffer.alloc(60)
  const tagged = Buffer.alloc(60)
  tagged.writeUInt32BE(0x8100_600a, 12)
  for (const filter of ["vlan", "vlan 10"]) {
    assert.equal(
      [interpret(program(filter), plain), interpret(program(filter), plain, 0x600a), interpret(program(filter), tagged)],
      [0, 9, 9],
    )
  }
  assert.equal([interpret(program("vlan 11"), plain, 10), interpret(program("vlan 11"), tagged)], [0, 0])
})

test("only what looks at an Ethernet header needs one", () => {
  const needing = ["ether host 02:00:00:00:00:01", "tcp and not broadcast", "vlan"]
  for (const filter of needing) assert.is(needsEthernet(parseFilter(filter)), true, filter)
  for (const filter of ["tcp port 80", "arp", "ip6 multicast", "less 90"]) assert.is(needsEthernet(parseFilter(filter)), false, filter)
})

test("a compiled one is read as tcpdump prints it, and keeps no more than is asked for", () => {
  const text = "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n"
  const packet = Buffer.alloc(60)
  const program = readCompiled(text, "x.bpf", 100)
  assert.is(interpret(program, packet), 0)
  packet.writeUInt16BE(0x0800, 12)
  assert.is(interpret(program, packet), 100)
  const hint = "`tcpdump -ddd -y EN10MB FILTER` prints one"
  const wrong = (changed: string) => mistake(() => readCompiled(changed, "x.bpf", 100))
  assert.is(wrong(""), `1:1: it begins with how many instructions there are, up to 4096 / ${hint}`)
  assert.is(wrong("tcp port 80\n"), `1:1: it begins with how many instructions there are, up to 4096 / ${hint}`)
  assert.is(wrong("3\n6 0 0 0\n"), `1:1: it says 3 instructions, and there are 1 / ${hint}`)
  assert.is(wrong("2\n6 0 0 0\n6 0 0\n"), `3:1: an instruction is four numbers / ${hint}`)
  assert.is(wrong("1\n6 0 256 0\n"), `2:1: an instruction is four numbers / ${hint}`)
})

test.run()
