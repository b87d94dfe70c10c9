/** stack-resolver by itself: its answers byte for byte, and what it makes of all that is no question. */
import type { ChildProcess } from "node:child_process"
import { execFileSync, spawn } from "node:child_process"
import { createSocket } from "node:dgram"
import { renameSync, rmSync, writeFileSync } from "node:fs"
import type { Server, Socket } from "node:net"
import { connect, createServer } from "node:net"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { nativeFolder } from "../../src/kernel/ffi.ts"
import { missing, testsUnless } from "../support/skip.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

// test/kernel/sanitize.test.ts runs this file on the build with sanitizers.
const PROGRAM = `${process.env.STACK_TEST_NATIVE ?? `${nativeFolder()}`}/resolver/stack-resolver`
const HOSTS = "/tmp/stack-resolver.hosts"
const PORT = 5353
const needsIp = testsUnless(missing("ip"))
const LINES =
  "10.20.0.2\tsmall db small.lab\nfd20::2\tsmall\n10.20.0.3 web-0 web WEB-0.lab # a comment\n10.20.0.4 web-1 web web-1.lab\nnonsense\n"

const u16 = (n: number) => Buffer.from([n >> 8, n & 255])
const encodeName = (name: string) =>
  Buffer.concat([
    ...name.split(".").flatMap((label) => (label === "" ? [] : [Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ])
const TYPES = { A: 1, SOA: 6, PTR: 12, AAAA: 28, ANY: 255 }
const opt = (size: number, version = 0) => Buffer.concat([Buffer.from([0]), u16(41), u16(size), Buffer.from([0, version, 0, 0]), u16(0)])

function question(name: string, type: keyof typeof TYPES = "A", more: { id?: number; flags?: number; opt?: Buffer } = {}): Buffer {
  const { id = 0x1234, flags = 0x0100, opt: last } = more
  return Buffer.concat([
    ...[u16(id), u16(flags), u16(1), u16(0), u16(0), u16(last === undefined ? 0 : 1)],
    ...[encodeName(name), u16(TYPES[type]), u16(1), last ?? Buffer.alloc(0)],
  ])
}

/** The answer, or null where none comes. */
function ask(bytes: Buffer, ms = 2000): Promise<Buffer | null> {
  const socket = createSocket("udp4")
  return new Promise((resolve) => {
    const done = (answer: Buffer | null) => {
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const timer = setTimeout(() => done(null), ms)
    socket.on("message", (answer) => done(answer))
    socket.send(bytes, PORT, "127.0.0.1")
  })
}

/** As a resolver of a libc does: a packet may get lost where there are very many. */
async function patiently(bytes: Buffer): Promise<Buffer | null> {
  return (await ask(bytes, 500)) ?? (await ask(bytes, 500)) ?? ask(bytes, 2000)
}

const framed = (bytes: Buffer) => Buffer.concat([u16(bytes.length), bytes])

/** So many answers by one connection to what is written there, or fewer where it is closed. */
function askStream(writes: readonly Buffer[], count: number, ms = 3000): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const socket = connect(PORT, "127.0.0.1")
    let have = Buffer.alloc(0)
    const found: Buffer[] = []
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(found)
    }
    const timer = setTimeout(done, ms)
    socket.on("data", (chunk) => {
      have = Buffer.concat([have, chunk])
      while (have.length >= 2 && have.length >= 2 + have.readUInt16BE(0)) {
        found.push(have.subarray(2, 2 + have.readUInt16BE(0)))
        have = have.subarray(2 + have.readUInt16BE(0))
      }
      if (found.length >= count) done()
    })
    socket.on("close", done)
    socket.on("error", done)
    socket.setNoDelay(true)
    void (async () => {
      for (const bytes of writes) {
        socket.write(bytes)
        if (writes.length > 1) await new Promise((next) => setTimeout(next, 2))
      }
    })()
  })
}

const rcode = (answer: Buffer | null) => (answer === null ? null : (answer[3] as number) & 15)
const counts = (answer: Buffer) => [4, 6, 8, 10].map((at) => answer.readUInt16BE(at))
const truncated = (answer: Buffer) => ((answer[2] as number) & 2) !== 0

async function withResolver(text: string, upstreams: readonly string[], work: (child: ChildProcess) => Promise<void>): Promise<void> {
  execFileSync("ip", ["link", "set", "lo", "up"])
  writeFileSync(HOSTS, text)
  const child = spawn(PROGRAM, [String(PORT), "lab", HOSTS, ...upstreams], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LD_PRELOAD: "" },
  })
  let said = ""
  child.stderr?.on("data", (chunk) => {
    said += chunk
  })
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()))
  await new Promise((resolve) => child.stdout?.once("data", resolve))
  try {
    await work(child)
    assert.is(rcode(await ask(question("small"))), 0, `it does not answer any more: ${said}`)
    assert.is(child.exitCode, null, said)
    assert.is(said, "")
  } finally {
    child.kill("SIGKILL")
    await exited
    rmSync(HOSTS, { force: true })
  }
}

needsIp("an answer byte for byte: the question as it came, and a pointer to it", async () => {
  await withResolver(LINES, [], async () => {
    const asked = question("SmaLL.lAb")
    const record = Buffer.concat([u16(0xc00c), u16(1), u16(1), u16(0), u16(0), u16(4), Buffer.from([10, 20, 0, 2])])
    const header = Buffer.concat([u16(0x1234), u16(0x8500), u16(1), u16(1), u16(0), u16(0)])
    assert.equal(await ask(asked), Buffer.concat([header, asked.subarray(12), record]))
    // With EDNS, and by a stream.
    const known = question("web", "A", { opt: opt(4096) })
    const answer = (await ask(known)) as Buffer
    assert.equal([counts(answer), answer.subarray(-11)], [[1, 2, 0, 1], opt(1232)])
    assert.equal((await askStream([framed(known)], 1)).map(counts), [[1, 2, 0, 1]])
    // The first of two names of an address, with the stack's domain where there is that.
    const back = (await ask(question("3.0.20.10.in-addr.arpa", "PTR"))) as Buffer
    assert.equal(back.subarray(-encodeName("web-0.lab").length), encodeName("web-0.lab"))
    assert.equal(counts((await ask(question("small", "ANY"))) as Buffer), [1, 2, 0, 0])
    assert.equal(counts((await ask(question("small.lab", "AAAA"))) as Buffer), [1, 0, 1, 0])
  })
})

needsIp("what is wrong is told as the standard has it, or not answered at all", async () => {
  const plain = question("small")
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(plain)
    bytes[at] = value
    return bytes
  }
  const longLabel = Buffer.concat([plain.subarray(0, 12), Buffer.from([64]), Buffer.alloc(64, 97), Buffer.from([0, 0, 1, 0, 1])])
  const longName = question(Array.from({ length: 5 }, () => "a".repeat(60)).join("."))
  const [FORMERR, NXDOMAIN, NOTIMP, REFUSED] = [1, 3, 4, 5]
  await withResolver(LINES, [], async () => {
    for (const [what, bytes, expected] of [
      ["nothing", Buffer.alloc(0), null],
      ["half a header", plain.subarray(0, 11), null],
      ["an answer", changed(2, 0x81), null],
      ["a header alone", plain.subarray(0, 12), FORMERR],
      ["half a name", plain.subarray(0, 15), FORMERR],
      ["no class", plain.subarray(0, plain.length - 2), FORMERR],
      ["no question", changed(5, 0), FORMERR],
      ["two questions", changed(5, 2), FORMERR],
      ["another opcode", changed(2, 0x11), NOTIMP],
      ["a pointer to itself", Buffer.concat([plain.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]), FORMERR],
      ["a pointer to a later place", Buffer.concat([plain.subarray(0, 12), Buffer.from([0xc0, 18, 0, 1, 0, 1, 0])]), FORMERR],
      ["a label too long", longLabel, FORMERR],
      ["a name too long", longName, FORMERR],
      ["records that are not there", changed(11, 1), FORMERR],
      ["EDNS twice", Buffer.concat([question("small", "A", { opt: opt(512) }), opt(512)]).fill(2, 11, 12), FORMERR],
      [
        "a record of EDNS that has a name",
        question("small", "A", { opt: Buffer.concat([encodeName("x"), opt(512).subarray(1)]) }),
        FORMERR,
      ],
      ["another class", changed(plain.length - 1, 3), REFUSED],
      ["a zone", changed(plain.length - 3, 252), NOTIMP],
      ["a name of others", question("example.org"), REFUSED],
      ["the root", question(""), REFUSED],
      [
        "a dot in a label",
        Buffer.concat([plain.subarray(0, 12), Buffer.from([9]), Buffer.from("small.lab"), Buffer.from([0, 0, 1, 0, 1])]),
        NXDOMAIN,
      ],
      [
        "a zero in a label",
        Buffer.concat([plain.subarray(0, 12), Buffer.from([6]), Buffer.from("small\0"), Buffer.from([0, 0, 1, 0, 1])]),
        NXDOMAIN,
      ],
      ["a size below the least", question("small", "A", { opt: opt(0) }), 0],
    ] as const)
      assert.is(rcode(await ask(bytes, expected === null ? 200 : 2000)), expected, what)
    const later = (await ask(question("small", "A", { opt: opt(512, 1) }))) as Buffer
    assert.equal([rcode(later), later[later.length - 6]], [0, 1], "BADVERS is 16: its upper bits are in the record of EDNS")
    assert.equal((await askStream([Buffer.concat([u16(65_535), plain])], 1)).length, 0)
  })
})

needsIp("what does not fit is left out and said to be; a stream has room for it", async () => {
  const many = Array.from({ length: 200 }, (_, i) => `10.30.0.${i + 1} many\n`).join("")
  await withResolver(`${LINES}${many}`, [], async () => {
    for (const [bytes, limit] of [
      [question("many"), 512],
      [question("many", "A", { opt: opt(1000) }), 1000],
      [question("many", "A", { opt: opt(65_000) }), 1232],
    ] as const) {
      const answer = (await ask(bytes)) as Buffer
      assert.ok(answer.length <= limit && answer.length > limit - 16 && truncated(answer), `${answer.length}`)
      assert.is(answer.readUInt16BE(6), Math.floor((limit - bytes.length) / 16))
    }
    const [whole] = (await askStream([framed(question("many"))], 1)) as [Buffer]
    assert.equal([counts(whole), truncated(whole)], [[1, 200, 0, 0], false])
    const ips = new Set(Array.from({ length: 200 }, (_, i) => whole.subarray(whole.length - 16 * i - 4, whole.length - 16 * i).join(".")))
    assert.is(ips.size, 200)
  })
})

needsIp("the file is read again when it is written over, or another one takes its place, however fast", async () => {
  await withResolver(LINES, [], async () => {
    for (let i = 0; i < 60; i++) {
      const ip = [10, 40, 0, 100 + i]
      if (i % 3 === 2) {
        writeFileSync(`${HOSTS}.new`, `${LINES}${ip.join(".")} moving\n`)
        renameSync(`${HOSTS}.new`, HOSTS)
      } else writeFileSync(HOSTS, `${LINES}${ip.join(".")} moving\n`)
      assert.equal([...((await ask(question("moving"))) as Buffer).subarray(-4)], ip)
    }
    rmSync(HOSTS)
    assert.is(rcode(await ask(question("moving"))), 0, "what it knew it knows")
  })
})

needsIp("a stream may hold several questions, in pieces; of very many streams the newest are heard", async () => {
  await withResolver(LINES, [], async () => {
    const all = Buffer.concat([
      framed(question("small", "A", { id: 1 })),
      framed(question("none", "A", { id: 2 })),
      framed(question("web", "A", { id: 3 })),
    ])
    const ids = (answers: readonly Buffer[]) => answers.map((answer) => answer.readUInt16BE(0))
    assert.equal(ids(await askStream([all], 3)), [1, 2, 3])
    assert.equal(
      ids(
        await askStream(
          [...all].map((byte) => Buffer.from([byte])),
          3,
        ),
      ),
      [1, 2, 3],
    )
    const idle: Socket[] = []
    for (let i = 0; i < 50; i++) idle.push(connect(PORT, "127.0.0.1").on("error", () => undefined))
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(ids(await askStream([all], 3)), [1, 2, 3])
    for (const socket of idle) socket.destroy()
  })
})

/** Always the same numbers for a seed. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function mangled(bytes: Buffer, roll: (below: number) => number): Buffer {
  let out = Buffer.from(bytes)
  for (let n = roll(6) + 1; n > 0; n--) {
    const at = roll(out.length + 1)
    const kind = roll(4)
    if (kind === 0 && at < out.length) out[at] = roll(256)
    if (kind === 1) out = out.subarray(0, at)
    if (kind === 2)
      out = Buffer.concat([out.subarray(0, at), Buffer.from(Array.from({ length: roll(40) }, () => roll(256))), out.subarray(at)])
    if (kind === 3 && at < out.length) out[at] = [0, 0x3f, 0x40, 0xc0, 0xff][roll(5)] as number
  }
  return out
}

needsIp("twenty thousand mangled packets and five hundred mangled streams do not end it", async () => {
  const seed = Number(process.env.STACK_SEED ?? Date.now() % 1_000_000)
  const roll = dice(seed)
  const good = [
    ...[
      question("small"),
      question("web", "A", { opt: opt(1232) }),
      question("3.0.20.10.in-addr.arpa", "PTR"),
      question("none.lab", "SOA"),
    ],
    question(`${"2.".repeat(32)}ip6.arpa`, "PTR"),
    question(Array.from({ length: 4 }, () => "a".repeat(62)).join("."), "ANY", { opt: opt(600) }),
  ]
  await withResolver(LINES, ["127.0.0.2"], async () => {
    const socket = createSocket("udp4").unref()
    for (let n = 0; n < 20_000; n++) {
      const bytes = mangled(good[n % good.length] as Buffer, roll)
      await new Promise((resolve) => socket.send(bytes, PORT, "127.0.0.1", resolve))
      if (n % 100 === 0) assert.is(rcode(await patiently(question("small"))), 0, `seed ${seed}, packet ${n}`)
    }
    socket.close()
    for (let n = 0; n < 500; n++) {
      const bytes = mangled(framed(good[n % good.length] as Buffer), roll)
      await askStream(roll(2) === 0 ? [bytes] : [bytes.subarray(0, roll(bytes.length + 1)), bytes], 9, 15)
    }
    assert.is(rcode(await ask(question("small"))), 0, `seed ${seed}`)
  })
})

/** A server of all other names, who says first what he should not. */
function liar(roll: (below: number) => number): { close(): void } {
  const socket = createSocket("udp4").bind(53, "127.0.0.2")
  const right = (asked: Buffer) => {
    const answer = Buffer.concat([asked, u16(0xc00c), u16(1), u16(1), u16(0), u16(60), u16(4), Buffer.from([192, 0, 2, 80])])
    answer[2] = 0x81
    answer[7] = 1
    return answer
  }
  const wrong = (asked: Buffer) => {
    const other = right(asked)
    other[0] = (other[0] as number) ^ 0x55
    const another = right(question("example.net", "A", { id: asked.readUInt16BE(0) }))
    return [other, another, asked, asked.subarray(0, 5), Buffer.alloc(0), ...Array.from({ length: 5 }, () => mangled(other, roll))]
  }
  socket.on("message", (asked, { port, address }) => {
    for (const bytes of [...wrong(asked), right(asked)]) socket.send(bytes, port, address)
  })
  const server: Server = createServer((stream) => {
    stream.on("error", () => undefined)
    stream.on("data", (bytes) => stream.write(framed(right((bytes as Buffer).subarray(2)))))
  }).listen(53, "127.0.0.2")
  return {
    close: () => {
      socket.close()
      server.close()
    },
  }
}

needsIp("of what others say only the answer to what was asked is passed on, under the id of who has asked", async () => {
  const server = liar(dice(7))
  try {
    await withResolver(LINES, ["127.0.0.2"], async () => {
      for (let n = 0; n < 50; n++) {
        const asked = question(`host${n}.example.org`, "A", { id: 1000 + n })
        for (const answer of [await ask(asked), (await askStream([framed(asked)], 1))[0]]) {
          assert.equal([answer?.readUInt16BE(0), ...(answer?.subarray(-4) ?? [])], [1000 + n, 192, 0, 2, 80])
        }
      }
      assert.is(rcode(await ask(question("nothere.lab"))), 3, "what is the stack's is not asked of others")
      assert.is(rcode(await ask(question("example.org", "A", { flags: 0 }))), 5, "nor what is not to be asked of others")
      const all = await Promise.all(Array.from({ length: 100 }, (_, n) => ask(question(`h${n}.example.org`, "A", { id: n }))))
      assert.is(all.filter((answer) => rcode(answer) === 0).length, 100)
    })
  } finally {
    server.close()
  }
})

if (inOwnNamespaces(import.meta.url)) test.run()
