import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../src/base/diagnostic.ts"
import { errnoOf } from "../../src/kernel/errno.ts"
import { openFfi, SPAWNED_BYTES } from "../../src/kernel/ffi.ts"
import { eachAttribute } from "../../src/kernel/netlink/attr.ts"
import { RTM_NEWLINK } from "../../src/kernel/netlink/constants/rtnetlink.ts"
import { LINK_HEADER } from "../../src/kernel/netlink/rtnl/link-header.ts"
import { eachMessage } from "../../src/kernel/netlink/wire.ts"

/** Of an answer all is kept. */
const ALL = new Uint8Array(0)
const EINVAL = -errnoOf("EINVAL")
const ffi = openFfi()

test("a library that is not there or is none is one diagnostic with what to do", () => {
  const folder = mkdtempSync(`${tmpdir()}/stack-ffi.`)
  const problem = () => {
    try {
      openFfi(folder).close(-1)
      return undefined
    } catch (e) {
      assert.instance(e, DiagnosticError)
      return (e as DiagnosticError).diagnostics[0]
    }
  }
  assert.is(problem()?.hint, "run: npm run build")
  writeFileSync(`${folder}/libstack.so`, "no library")
  assert.is(problem()?.code, "not-built")
  rmSync(folder, { recursive: true })
})

test("nothing is loaded before it is needed", () => {
  assert.not.throws(() => openFfi("/none"))
})

test("the report that was stubbed while ffi-rs loaded is whole again", () => {
  ffi.close(-1)
  const report = process.report?.getReport() as unknown as { header: { nodejsVersion: string } }
  assert.is(report.header.nodejsVersion, process.version)
})

test("texts, numbers and bytes that would be cut or abort are refused before", () => {
  assert.is(ffi.lock("/tmp/a\0b"), EINVAL)
  assert.throws(() => ffi.close(2 ** 31), RangeError)
  assert.throws(() => ffi.close(1.5), RangeError)
  assert.throws(() => ffi.close("1" as unknown as number), RangeError)
  assert.throws(() => ffi.read(0, new ArrayBuffer(8) as unknown as Uint8Array), RangeError)
  assert.throws(() => ffi.poll(Buffer.alloc(7), 1, 0), RangeError)
})

test("bytes are filled in place, in a view at its own offset too", () => {
  const whole = new Uint8Array(32).fill(0xaa)
  const fd = ffi.open("/dev/zero", 0, 0)
  assert.is(ffi.read(fd, whole.subarray(8, 16)), 8)
  assert.equal(
    [...whole],
    Array.from({ length: 32 }, (_, i) => (i >= 8 && i < 16 ? 0 : 0xaa)),
  )
  assert.is(ffi.close(fd), 0)
  assert.is(ffi.close(fd), -errnoOf("EBADF"))
})

test("a monitor that cannot be started is heard of at the end of its status pipe, each at its own", () => {
  const out = Buffer.alloc(SPAWNED_BYTES)
  const begun = ["/none/stack-monitor", "/dev/null", "/none/stack-monitor"].map((program) =>
    ffi.spawnBegin(program, "x", "", Buffer.from("x")),
  )
  for (const fd of begun) assert.ok(fd >= 0)
  const [first, second, third] = begun as [number, number, number]
  assert.is(ffi.spawnEnd(third, out.subarray(1)), EINVAL)
  assert.is(ffi.spawnEnd(third, out), -errnoOf("ENOENT"))
  assert.is(ffi.spawnEnd(second, out), -errnoOf("ENOEXEC"))
  assert.is(ffi.spawnEnd(first, out), -errnoOf("ENOENT"))
  assert.is(ffi.spawnEnd(first, out), -errnoOf("EBADF"))
  for (const fd of begun) {
    const entry = Buffer.alloc(8)
    entry.writeInt32LE(fd)
    entry.writeInt16LE(1, 4)
    assert.is(ffi.poll(entry, 1, 10_000), 1)
    assert.is(ffi.read(fd, out), 0)
    assert.is(ffi.close(fd), 0)
  }
})

test("a broken netlink request is refused, and a socket tells time-out from answer", () => {
  const fd = ffi.nlOpen(65536)
  assert.ok(fd >= 0)
  const request = Buffer.alloc(32)
  request.writeUInt32LE(32, 0)
  request.writeUInt16LE(18, 4) // RTM_GETLINK
  request.writeUInt16LE(0x301, 6) // NLM_F_REQUEST | NLM_F_DUMP
  request.writeUInt32LE(7, 8)
  const out = Buffer.alloc(65536)
  assert.ok(ffi.nlTransact(fd, request, out, 1000) > 0)
  assert.is(out.readUInt32LE(8), 7)
  const later = ffi.nlBegin(fd, request, out.length, 1000)
  assert.ok(later >= 0)
  assert.ok(ffi.nlEnd(later, out) > 0)
  assert.is(ffi.nlEnd(later, out), -errnoOf("EBADF"))
  assert.is(ffi.nlBegin(fd, request, 0, 1000), EINVAL)
  assert.is(ffi.nlTransact(fd, request.subarray(0, 31), out, 1000), EINVAL)
  assert.is(ffi.nlTransact(fd, request, Buffer.alloc(64), 1000), -errnoOf("ENOBUFS"))
  assert.is(ffi.nlTransact(fd, Buffer.concat([request, request]), out, 1000), EINVAL)
  ffi.close(fd)
})

test("a socket opened elsewhere leaves this thread at home, and a wrong file is refused", () => {
  const before = readdirSync("/proc/self/fd").length
  const fd = ffi.nlOpenIn("/proc/self/ns/net", 65536)
  assert.ok(fd >= 0)
  ffi.close(fd)
  assert.is(ffi.nlOpenIn("/proc/self/ns/none", 65536), -errnoOf("ENOENT"))
  assert.is(ffi.nlOpenIn("/proc/self/ns/mnt", 65536), EINVAL)
  assert.is(ffi.nlOpenIn("/proc/self/stat", 65536), EINVAL)
  assert.is(readdirSync("/proc/self/fd").length, before)
})

test("a round through namespaces: texts and answers in order, more room on asking again, nonsense refused", () => {
  const request = Buffer.alloc(32)
  request.writeUInt32LE(32, 0)
  request.writeUInt16LE(18, 4) // RTM_GETLINK
  request.writeUInt16LE(0x301, 6) // NLM_F_REQUEST | NLM_F_DUMP
  request.writeUInt32LE(7, 8)
  const net = "/proc/self/ns/net"
  const places = Buffer.from(`${net}\0\0/proc/self/ns/uts\0/proc/sys/kernel/hostname\0/proc/self/ns/none\0\0`)
  const threads = () => readdirSync("/proc/self/task").length
  const before = threads()
  const slot = ffi.visitsBegin(places, Buffer.concat([request, request]), ALL, 65536, 1000)
  assert.ok(slot >= 0)
  assert.is(ffi.visitsEnd(slot, Buffer.alloc(8)), -errnoOf("ENOBUFS"))
  const out = Buffer.alloc(1 << 17)
  const used = ffi.visitsEnd(slot, out)
  const links = out.readInt32LE(0)
  assert.ok(links > 0 && out.readUInt32LE(4 + 8) === 7)
  const length = out.readInt32LE(4 + links)
  assert.is(out.toString("utf8", 8 + links, 8 + links + length), readFileSync("/proc/sys/kernel/hostname", "utf8"))
  assert.is(out.readInt32LE(8 + links + length), -errnoOf("ENOENT"))
  assert.is(used, 12 + links + length)
  assert.is(ffi.visitsEnd(slot, out), -errnoOf("EBADF"))
  assert.is(threads(), before)
  for (const wrong of ["", `${net}\0`, `${net}\0\0x`]) assert.is(ffi.visitsBegin(Buffer.from(wrong), request, ALL, 65536, 1000), EINVAL)
  const broken = ffi.visitsBegin(Buffer.from(`${net}\0\0`), request.subarray(0, 31), ALL, 65536, 1000)
  assert.is(ffi.visitsEnd(broken, out), 4)
  assert.is(out.readInt32LE(0), EINVAL)
  const many = Array.from({ length: 7 }, () => ffi.visitsBegin(places, request, ALL, 65536, 1000))
  assert.is(many.pop(), -errnoOf("EAGAIN"))
  for (const one of many) assert.ok(ffi.visitsEnd(one, out) > 0)
})

test("a round tells what is asked for, whole or in parts, and nothing else", () => {
  const request = Buffer.from("2000000012000103070000000000000000000000000000000000000000000000", "hex")
  const net = "/proc/self/ns/net"
  const whole = Buffer.alloc(1 << 17)
  const fd = ffi.nlOpen(65536)
  const length = ffi.nlTransact(fd, request, whole, 1000)
  ffi.close(fd)
  const [IFLA_IFNAME, IFLA_AF_SPEC, AF_INET] = [3, 26, 2]
  const paths = new Uint16Array([RTM_NEWLINK, IFLA_IFNAME, 0, 0, 0, RTM_NEWLINK, IFLA_AF_SPEC, AF_INET, 0, 0])
  const round = Buffer.alloc(1 << 17)
  const slot = ffi.visitsBegin(Buffer.from(`${net}\0\0`), request, new Uint8Array(paths.buffer), 65536, 1000)
  assert.ok(ffi.visitsEnd(slot, round) > 0)
  const said = attributesOf(whole.subarray(0, length))
  const told = attributesOf(round.subarray(4, 4 + round.readInt32LE(0)))
  assert.ok(said.some(([type]) => type === IFLA_IFNAME) && said.length > 2 * told.length)
  const names = (of: typeof said) => of.filter(([type]) => type === IFLA_IFNAME)
  assert.equal(names(told), names(said))
  const parts = told.filter(([type]) => type !== IFLA_IFNAME)
  assert.is(parts.length, names(said).length)
  for (const [type, bytes] of parts) {
    assert.is(type, IFLA_AF_SPEC)
    const inside: number[] = []
    eachAttribute(Buffer.from(bytes, "hex"), 0, bytes.length / 2, (family) => inside.push(family))
    assert.equal(inside, [AF_INET])
  }
})

test("a round where the caller is says the same by every socket, however much that is", () => {
  const request = Buffer.from("2000000012000103070000000000000000000000000000000000000000000000", "hex")
  const out = Buffer.alloc(1 << 17)
  const says = () => {
    const used = ffi.visitsEnd(ffi.visitsBegin(Buffer.from("\0\0"), request, ALL, 65536, 1000), out)
    assert.ok(used > 4)
    return out.toString("hex", 0, used)
  }
  const first = says()
  const fd = ffi.nlOpen(65536)
  assert.ok(ffi.nlTransact(fd, request, Buffer.alloc(1 << 17), 1000) > 0)
  assert.is(says(), first)
  ffi.close(fd)
})

/** Type and bytes of each attribute of each link. */
function attributesOf(bytes: Buffer): [number, string][] {
  const found: [number, string][] = []
  eachMessage(bytes, ({ type, start, end }) => {
    if (type !== RTM_NEWLINK) return
    eachAttribute(bytes, start + LINK_HEADER, end, (kind, from, to) => found.push([kind, bytes.toString("hex", from, to)]))
  })
  return found
}

test.run()
