import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import type { Socket } from "node:net"
import { createServer } from "node:net"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { knock } from "../../../src/cli/console-door.ts"
import { escapeReader } from "../../../src/cli/console-escape.ts"
import { inputFrames, sizeFrame } from "../../../src/cli/console-frames.ts"

const typing = (...pieces: string[]) => {
  const read = escapeReader()
  return pieces.map((piece) => {
    const { typed, leave } = read(Buffer.from(piece, "latin1"))
    return `${Buffer.from(typed).toString("latin1")}${leave ? "|" : ""}`
  })
}

test("Ctrl-a q leaves, in one piece or in two; what is typed after it is nobody's", () => {
  assert.equal(typing("ls\x01qmore"), ["ls|"])
  assert.equal(typing("a\x01", "q"), ["a", "|"])
})

test("any other key behind Ctrl-a goes with it; twice it is one", () => {
  assert.equal(typing("\x01x", "q\x01\x01", "\x01\x01q"), ["\x01x", "q\x01", "\x01q"])
})

test("keys go in frames that the monitor can hold, and nothing in none", () => {
  const bytes = Buffer.alloc(600, "x")
  const frames = inputFrames(bytes)
  assert.equal(
    frames.map((frame) => [frame[0], frame.readUInt16LE(2), frame.length]),
    [
      [0, 256, 260],
      [0, 256, 260],
      [0, 88, 92],
    ],
  )
  assert.equal(inputFrames(new Uint8Array(0)), [])
  assert.equal([...sizeFrame(24, 300)], [1, 0, 4, 0, 24, 0, 44, 1])
})

test("keys that are typed while the monitor hangs up break nothing: the console has closed", async () => {
  const folder = mkdtempSync("/tmp/stack-test-console.")
  const server = createServer()
  const met = once(server, "connection") as Promise<[Socket]>
  await once(server.listen(`${folder}/console`), "listening")
  try {
    const socket = await knock(folder)
    assert.ok(socket)
    const [monitor] = await met
    const left = once(monitor, "close")
    monitor.destroy()
    await left
    const closed = new Promise((resolve) => socket.on("error", resolve))
    socket.write("x")
    assert.match(String(await closed), "EPIPE")
    assert.is(await knock(`${folder}/absent`), undefined)
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
})

test.run()
