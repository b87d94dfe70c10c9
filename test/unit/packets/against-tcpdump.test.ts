/** Our filters beside tcpdump's, over packets by chance that are near to what the filters ask for. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { compile } from "../../../src/packets/compile.ts"
import { parseFilter } from "../../../src/packets/parse.ts"
import { diceOf } from "../../property/dice.ts"
import { missing, testsUnless } from "../../support/skip.ts"
import { interpret } from "./interpreter.ts"

const { below, chance, pick } = diceOf(Number(process.env.SEED ?? 20_260_101))
const withTcpdump = testsUnless(missing("tcpdump"))
const FILTERS = 150
const PACKETS = 600

const one = <T>(list: readonly T[]) => list[below(list.length)] as T
const PORTS = ["53", "80", "443"]
const HOSTS = ["10.0.0.1", "10.0.0.2", "192.168.7.9", "fd00::1", "fd00::2"]
const NETS = ["10.0.0.0/8", "10.0.0.0/31", "192.168.0.0/17", "fd00::/16", "fd00::/127", "0.0.0.0/0", "10.0.0.0 mask 255.255.255.0"]
const MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff"]
const direction = () => pick("", "", "src ", "dst ", "src or dst ", "src and dst ")

const PRIMITIVES: readonly (() => string)[] = [
  () => one(["ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "esp", "ah"]),
  () => `${direction()}host ${one(HOSTS)}`,
  () => `${one(["ip", "arp", "rarp"])} ${direction()}host ${one(HOSTS.slice(0, 3))}`,
  () => `ip6 ${direction()}host ${one(HOSTS.slice(3))}`,
  () => `${direction()}net ${one(NETS)}`,
  () => `${one(["", "tcp ", "udp ", "sctp "])}${direction()}port ${one(PORTS)}`,
  () => `${one(["", "tcp ", "udp "])}${direction()}portrange ${one(["53-80", "80-80", "0-65535", "100-500"])}`,
  () => `ether ${direction() || "host "}${one(MACS)}`,
  () => `ether proto ${one(["\\ip", "\\arp", "0x88cc", "34525"])}`,
  () => `${one(["ip ", "ip6 "])}proto ${one(["6", "17", "58", "132", "255"])}`,
  () => one(["ether broadcast", "ether multicast", "broadcast", "multicast", "ip multicast", "ip6 multicast"]),
  () => `${one(["less", "greater"])} ${one(["60", "74", "90"])}`,
  () => `port ${one(PORTS)} or ${one(PORTS)}`,
  () => `${direction()}host (${one(HOSTS)} or ${one(HOSTS)})`,
]

function expression(depth: number): string {
  if (depth === 0 || below(3) === 0) return one(PRIMITIVES)()
  if (below(4) === 0) return `${one(["not", "!"])} ${below(2) === 0 ? one(PRIMITIVES)() : `(${expression(depth - 1)})`}`
  const [left, right] = [expression(depth - 1), expression(depth - 1)]
  const joint = one(["and", "or", "&&", "||"])
  return chance() ? `${left} ${joint} ${right}` : `(${left}) ${joint} (${right})`
}

const u16 = (value: number) => Buffer.from([value >> 8, value & 255])
const macBytes = (mac: string) => Buffer.from(mac.replaceAll(":", ""), "hex")
const ip4 = () => pick(Buffer.from([10, 0, 0, 1 + below(3)]), Buffer.from([192, 168, below(256), 9]), Buffer.from([239, 1, 1, 1]))
const ip6 = () => pick(...["fd00", "fd01", "ff02"].map((head) => Buffer.from(`${head}${"0".repeat(27)}${1 + below(3)}`, "hex")))
const carried = () => one([6, 17, 132, 1, 2, 50, 51, 58, 44, 255])

function segment(): Buffer {
  const port = () => u16(Number(one([...PORTS, "52", "54", "444", "60000"])))
  return Buffer.concat([port(), port(), Buffer.alloc(20 + below(40), below(256))])
}

function overIp4(): Buffer {
  const options = 4 * below(3)
  const fragment = pick(0, 0, 0x4000, 0x2000, 0x2001, 5)
  const head = [Buffer.from([0x45 + options / 4, 0]), u16(60), u16(7), u16(fragment), Buffer.from([64, carried()]), u16(0)]
  return Buffer.concat([...head, ip4(), ip4(), Buffer.alloc(options, 1), segment()])
}

function overIp6(): Buffer {
  const next = carried()
  const fragment = next === 44 ? Buffer.concat([Buffer.from([carried(), 0]), u16(0), Buffer.alloc(4)]) : Buffer.alloc(0)
  return Buffer.concat([Buffer.from([0x60, 0, 0, 0]), u16(40), Buffer.from([next, 64]), ip6(), ip6(), fragment, segment()])
}

function packet(): Buffer {
  const type = one([0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8035, 0x88cc])
  const arp = () =>
    Buffer.concat([Buffer.from("0001080006040001", "hex"), macBytes(one(MACS)), ip4(), macBytes(one(MACS)), ip4(), Buffer.alloc(18)])
  const rest = type === 0x0800 ? overIp4() : type === 0x86dd ? overIp6() : type === 0x88cc ? Buffer.alloc(70, below(256)) : arp()
  return Buffer.concat([macBytes(one(MACS)), macBytes(one(MACS.slice(0, 2))), u16(type), rest])
}

/** As pcap in this machine's order of bytes; each packet's time is its number. */
function pcap(packets: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4, 0)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(262_144, 16)
  head.writeUInt32LE(1, 20)
  const records = packets.flatMap((bytes, i) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(i, 0)
    record.writeUInt32LE(bytes.length, 8)
    record.writeUInt32LE(bytes.length, 12)
    return [record, bytes]
  })
  return Buffer.concat([head, ...records])
}

/** Which packets of a file tcpdump prints; undefined where the filter is none to it. */
function tcpdumps(file: string, filter: string): string[] | string {
  const { stdout, stderr, status } = spawnSync("tcpdump", ["-ttnnqr", file, filter], { encoding: "utf8", maxBuffer: 1 << 26 })
  return status === 0 ? [...stdout.matchAll(/^(\d+)\.000000 /gm)].map(([, number]) => number as string) : stderr
}

withTcpdump("a filter picks the packets that tcpdump's picks", () => {
  const folder = mkdtempSync(join(tmpdir(), "stack-packets-"))
  try {
    const packets = Array.from({ length: PACKETS }, packet)
    const file = join(folder, "all.pcap")
    writeFileSync(file, pcap(packets))
    let [some, compared] = [0, 0]
    for (let i = 0; i < FILTERS; i++) {
      const filter = expression(below(4))
      const theirs = tcpdumps(file, filter)
      // It refuses what no packet can be, and so what every one is by a `not`.
      if (typeof theirs === "string" && /rejects all packets|reject/.test(theirs)) continue
      assert.ok(typeof theirs !== "string", `${filter}: ${theirs}`)
      const program = compile(parseFilter(filter), "ethernet", 1000)
      const ours = packets.flatMap((bytes, n) => (interpret(program, bytes) > 0 ? [String(n)] : []))
      assert.equal(ours, theirs, filter)
      compared++
      if (ours.length > 0 && ours.length < PACKETS) some++
    }
    assert.ok(some > FILTERS / 3 && compared > FILTERS / 2, `${some} of ${compared} filters tell packets apart`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
