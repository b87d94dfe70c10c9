import type { ChildProcessByStdio } from "node:child_process"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import type { Readable } from "node:stream"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { nativeFolder } from "../../src/kernel/ffi.ts"
import { compile } from "../../src/packets/compile.ts"
import { parseFilter } from "../../src/packets/parse.ts"
import { missing, testsUnless } from "../support/skip.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

// test/kernel/sanitize.test.ts runs this file on the build with sanitizers.
const PROGRAM = `${process.env.STACK_TEST_NATIVE ?? nativeFolder()}/stack-capture`
const FILE = "/tmp/stack-capture.pcap"
const needsTools = testsUnless(missing("ip", "bash", "python3") ?? (existsSync("/dev/net/tun") ? undefined : "there is no /dev/net/tun"))

interface Options {
  file?: string
  count?: number
  snaplen?: number
  milliseconds?: number
  namespace?: string
  filter?: string
  holder?: [pid: number, startTime: string]
}

interface Ended {
  status: number | null
  stdout: Buffer
  stderr: string
}

// /sys shows the links of whoever mounted it.
const indexOf = (link: string) => String(JSON.parse(execFileSync("ip", ["-j", "link", "show", link], { encoding: "utf8" }))[0].ifindex)

function words(
  link: string,
  { file = "", count = 0, snaplen = 262_144, milliseconds = 0, namespace, holder, filter = "" }: Options,
): string[] {
  const [pid, startTime] = holder ?? [0, ""]
  return [
    link,
    indexOf(link),
    namespace ?? "host",
    String(pid),
    startTime,
    file,
    ...[count, snaplen, milliseconds].map(String),
    filter,
    filter,
  ]
}

/** Starts it, does the work when it sees packets, and waits for its end. */
async function whileCapturing(
  link: string,
  options: Options,
  work: (child: ChildProcessByStdio<null, Readable, Readable>) => void,
): Promise<Ended> {
  const child = spawn(PROGRAM, words(link, options), { stdio: ["ignore", "pipe", "pipe"] })
  const chunks: Buffer[] = []
  let stderr = ""
  let begun = false
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on("data", (chunk) => {
    stderr += chunk
    if (!begun && stderr.includes("capturing\n")) {
      begun = true
      work(child)
    }
  })
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout: Buffer.concat(chunks), stderr })))
}

/** The packets of a pcap file in this machine's byte order. */
function packetsOf(bytes: Buffer): { linkType: number; packets: { length: number; data: string }[] } {
  assert.equal([bytes.readUInt32LE(0), bytes.readUInt16LE(4), bytes.readUInt16LE(6)], [0xa1b23c4d, 2, 4])
  const packets: { length: number; data: string }[] = []
  let at = 24
  while (at < bytes.length) {
    const kept = bytes.readUInt32LE(at + 8)
    packets.push({ length: bytes.readUInt32LE(at + 12), data: bytes.toString("hex", at + 16, at + 16 + kept) })
    at += 16 + kept
  }
  assert.is(at, bytes.length, "it ends with a whole packet")
  return { linkType: bytes.readUInt32LE(20), packets }
}

/** As it is given to a link whose packets begin with the header of the network. */
const filterFor = (text: string) => Buffer.from(compile(parseFilter(text), "network", 262_144)).toString("hex")

const MACS = "0200000000020200000000aa"

const SEND = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[2], 0))
for _ in range(int(sys.argv[1])):
    for frame in sys.argv[3:]: s.send(bytes.fromhex(frame))`

/** Sends frames out of a link. */
function send(link: string, ...frames: string[]): void {
  execFileSync("python3", ["-c", SEND, "1", link, ...frames])
}

test.before.each(() => {
  rmSync(FILE, { force: true })
  spawnSync("ip", ["-batch", "-"], {
    input: "link set lo up\nlink add v0 type veth peer name v1 address 02:00:00:00:00:02\nlink set v0 up\nlink set v1 up\n",
  })
  // Neither end speaks of its own accord.
  for (const link of ["v0", "v1"]) spawnSync("sh", ["-c", `echo 1 >/proc/sys/net/ipv6/conf/${link}/disable_ipv6`])
})
test.after.each(() => {
  rmSync(FILE, { force: true })
  spawnSync("ip", ["link", "del", "v0"])
})

needsTools("tags that the kernel has taken out are back where they were, in either end's sight; what is long is cut", async () => {
  const payload = "88b5".padEnd(200, "ab")
  const frames = [`${MACS}81002005${payload}`, `${MACS}88a80007${payload}`, `${MACS}88a80007${"81000009"}${payload}`, `${MACS}${payload}`]
  for (const link of ["v1", "v0"]) {
    const whole = await whileCapturing(link, { count: frames.length }, () => send("v0", ...frames))
    assert.is(whole.status, 0, whole.stderr)
    const { linkType, packets } = packetsOf(whole.stdout)
    assert.is(linkType, 1)
    assert.equal(
      packets,
      frames.map((data) => ({ length: data.length / 2, data })),
    )
  }
  const cut = await whileCapturing("v1", { count: 2, snaplen: 64 }, () => send("v0", frames[0] as string, frames[3] as string))
  assert.equal(
    packetsOf(cut.stdout).packets,
    [frames[0] as string, frames[3] as string].map((data) => ({ length: data.length / 2, data: data.slice(0, 128) })),
  )
})

needsTools("a link without a link header that readers know has a cooked one, and a filter looks behind that", async () => {
  // What is written into a tun device comes in from it. https://docs.kernel.org/networking/tuntap.html
  const script = `
import fcntl, os, struct, sys
f = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(f, 0x400454ca, struct.pack("16sH22x", b"t0", 0x1001))
os.system("ip link set t0 up")
print("up", flush=True)
sys.stdin.readline()
for packet in sys.argv[1:]: os.write(f, bytes.fromhex(packet))
sys.stdin.readline()`
  const packet = "4500001c000040004001d0d80a0707020a070701".padEnd(56, "0")
  const other = packet.replace("0a070702", "0a070703")
  const tun = spawn("python3", ["-c", script, other, packet], { stdio: ["pipe", "pipe", "inherit"] })
  await new Promise((resolve) => tun.stdout.once("data", resolve))
  writeFileSync("/proc/sys/net/ipv6/conf/t0/disable_ipv6", "1")
  const { stdout, status } = await whileCapturing(
    "t0",
    { count: 1, filter: filterFor("icmp and src host 10.7.7.2") },
    () => void tun.stdin.write("\n"),
  )
  const refused = await whileCapturing("t0", { filter: "-" }, () => undefined)
  assert.is(refused.status, 1)
  assert.match(refused.stderr, /^error: the filter asks for something in Ethernet headers, and t0 has none\n {2}hint: /)
  tun.stdin.end("\n")
  const { linkType, packets } = packetsOf(stdout)
  const header = `0000fffe0000${"00".repeat(8)}0800`
  assert.equal([status, linkType, packets], [0, 113, [{ length: 16 + packet.length / 2, data: header + packet }]])
})

needsTools("more than a buffer's worth is written whole; a reader that goes ends it", async () => {
  const big = `${MACS}88b5${"cd".repeat(1400)}`
  const frames = Array.from({ length: 30 }, () => big)
  const all = await whileCapturing("v1", { count: 1500, milliseconds: 20_000 }, () => {
    spawn("python3", ["-c", SEND, "50", "v0", ...frames], { stdio: "inherit" })
  })
  assert.is(packetsOf(all.stdout).packets.length, 1500, all.stderr)
  const left = await whileCapturing("v1", { milliseconds: 20_000 }, (child) => {
    child.stdout.destroy()
    send("v0", big)
  })
  assert.equal([left.status, left.stderr], [0, "v1: capturing\n"])
})

needsTools("the file is new, and its owner's alone; its link's end, or a time, ends it", async () => {
  const gone = await whileCapturing("v1", { file: FILE }, () => {
    send("v0", `${MACS}88b5${"00".repeat(46)}`)
    spawnSync("ip", ["link", "del", "v0"])
  })
  assert.is(gone.status, 1)
  assert.match(gone.stderr, "1 packets captured, 0 dropped by kernel\nerror: the link is gone")
  assert.is(packetsOf(readFileSync(FILE)).packets.length, 1)
  const again = await whileCapturing("lo", { file: FILE }, () => undefined)
  assert.match(again.stderr, "cannot be written: File exists")
  const timed = await whileCapturing("lo", { milliseconds: 100 }, () => undefined)
  assert.equal([timed.status, packetsOf(timed.stdout).packets.length], [0, 0])
})

needsTools("what is in a namespace that nobody holds any more is gone; one whose number another process has was never there", async () => {
  const holder = spawn("unshare", ["--net", "bash", "-c", "ip link set lo up; exec 10</proc/self/ns/net; echo up; exec sleep 1000"], {
    stdio: ["ignore", "pipe", "ignore"],
  })
  await new Promise((resolve) => holder.stdout.once("data", resolve))
  const pid = holder.pid as number
  const startTime = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[21] as string
  const options: Options = { namespace: `/proc/${pid}/fd/10`, holder: [pid, startTime] }
  const other = await whileCapturing("lo", { ...options, holder: [pid, "1"] }, () => undefined)
  assert.equal([other.status, other.stderr.split("\n")[0]], [1, "error: the container has ended"])
  const ended = await whileCapturing("lo", options, () => void holder.kill("SIGKILL"))
  assert.is(ended.status, 1)
  assert.match(ended.stderr, "error: the link is gone")
})

if (inOwnNamespaces(import.meta.url)) test.run()
