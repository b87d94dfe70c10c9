import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, rmSync, statSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { cleanUp, endMonitors, recordOf, spaces, started, temporary, textAt } from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

const LINE = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z) (stdout|stderr) ([FP]) (.*)$/
const MIB = 1024 * 1024

type Line = { time: Date; stream: string; tag: string; text: string }

function linesOf(path: string): Line[] {
  const text = readFileSync(path, "utf8")
  if (text === "") return []
  assert.ok(text.endsWith("\n"), "the last line is whole")
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      const [, time = "", stream = "", tag = "", rest = ""] = LINE.exec(line) ?? assert.unreachable(`no line of a log: ${line}`) ?? []
      return { time: new Date(time), stream, tag, text: rest }
    })
}

async function logged(command: string): Promise<Line[]> {
  const dir = temporary()
  await started(recordOf(command, dir))
  await textAt(`${dir}/state`)
  return linesOf(`${dir}/log`)
}

const said = (lines: readonly Line[]) => lines.map(({ stream, tag, text }) => `${stream} ${tag} ${text}`)

test("lines of both streams, with the time of now", async () => {
  const before = Date.now()
  const lines = await logged("echo one; sleep 0.05; echo two >&2; sleep 0.05; printf '\\n \\nthree\\n'")
  assert.equal(said(lines), ["stdout F one", "stderr F two", "stdout F ", "stdout F  ", "stdout F three"])
  for (const { time } of lines) assert.ok(time.getTime() >= before - 1 && time.getTime() <= Date.now(), time.toISOString())
})

test("a line that comes in pieces is one line; one that never ends is P", async () => {
  const lines = await logged("printf a; sleep 0.1; printf b; sleep 0.1; echo c; printf rest")
  assert.equal(said(lines), ["stdout F abc", "stdout P rest"])
})

test("a long line comes in parts of 4096 bytes, the last of them F", async () => {
  const lines = await logged("head -c 10000 /dev/zero | tr '\\0' x; echo; echo next")
  assert.equal(
    lines.map(({ tag, text }) => [tag, text.length]),
    [
      ["P", 4096],
      ["P", 4096],
      ["F", 1808],
      ["F", 4],
    ],
  )
})

test("bytes are kept as they are", async () => {
  const dir = temporary()
  await started(recordOf("printf '\\000\\377\\r\\033[1m\\n'", dir))
  await textAt(`${dir}/state`)
  const bytes = readFileSync(`${dir}/log`)
  assert.equal([...bytes.subarray(bytes.indexOf(" F ") + 3)], [0, 255, 13, 27, 91, 49, 109, 10])
})

test("nothing is lost of many lines", async () => {
  const lines = await logged("seq 1 20000")
  assert.is(lines.length, 20000)
  assert.ok(lines.every(({ text, tag }, i) => tag === "F" && text === String(i + 1)))
})

test("the log is turned over at 10 MiB, and never more than two are kept", async () => {
  const dir = temporary()
  await started(
    recordOf("yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 30000000; echo; echo end", dir),
  )
  await textAt(`${dir}/state`)
  assert.ok(statSync(`${dir}/log.1`).size <= 10 * MIB && statSync(`${dir}/log.1`).size > 9 * MIB)
  assert.ok(statSync(`${dir}/log`).size <= 10 * MIB)
  assert.is(linesOf(`${dir}/log`).at(-1)?.text, "end")
  assert.not.ok(existsSync(`${dir}/log.2`))
  for (const { tag } of linesOf(`${dir}/log.1`)) assert.is(tag, "F")
})

test("a disk that is full costs lines, not the command; how many is told when there is room again", async () => {
  const dir = temporary()
  assert.is(spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "stack-test", dir]).status, 0)
  try {
    const record = recordOf(`seq 1 5000; while [ -e ${dir}/full ]; do sleep 0.02; done; sleep 0.2; echo again; sleep 0.2`, dir)
    spawnSync("sh", ["-c", `head -c 40000 /dev/zero > ${dir}/full`])
    await started(record)
    await textAt(`${dir}/log`, (text) => text.length > 8000)
    await new Promise((resolve) => setTimeout(resolve, 300))
    rmSync(`${dir}/full`)
    assert.match(await textAt(`${dir}/state`), /^exit 0\n/)
    const lines = linesOf(`${dir}/log`)
    assert.is(lines.at(-1)?.text, "again")
    const told = lines.flatMap(({ text }) => /^stack-monitor: lines dropped: ([0-9]+)$/.exec(text)?.[1] ?? [])
    assert.ok(told.length > 0)
    const dropped = told.reduce((sum, count) => sum + Number(count), 0)
    assert.is(lines.length - told.length - 1 + dropped, 5000, "those written and those dropped are all")
  } finally {
    await endMonitors()
    spawnSync("umount", ["--lazy", dir])
  }
})

test("a log that fills the disk leaves room for the state", async () => {
  const dir = temporary()
  assert.is(spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "stack-test", dir]).status, 0)
  try {
    await started(recordOf("sleep 0.1; seq 1 20000; exit 4", dir))
    assert.match(await textAt(`${dir}/state`), /^exit 4\n/)
    assert.is(spawnSync("sh", ["-c", `echo more > ${dir}/more`]).status === 0 && statSync(`${dir}/more`).size > 0, false, "it is full")
  } finally {
    await endMonitors()
    spawnSync("umount", ["--lazy", dir])
  }
})

test("the state waits for room as well", async () => {
  const dir = temporary()
  assert.is(spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k,nr_inodes=3", "stack-test", dir]).status, 0)
  try {
    spawnSync("touch", [`${dir}/only`])
    await started(recordOf("exit 4", dir))
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.not.ok(existsSync(`${dir}/state`))
    rmSync(`${dir}/only`)
    assert.match(await textAt(`${dir}/state`), /^exit 4\n/)
  } finally {
    await endMonitors()
    spawnSync("umount", ["--lazy", dir])
  }
})

test("a process that outlives the first one is logged on, and holds nothing up", async () => {
  const dir = temporary()
  const record = recordOf(`(while [ ! -e ${dir}/more ]; do sleep 0.02; done; echo later) & exit 0`, dir, { namespaces: spaces("host") })
  await started(record)
  await textAt(`${dir}/state`)
  spawnSync("touch", [`${dir}/more`])
  await textAt(`${dir}/log`, (text) => text.endsWith(" stdout F later\n"))
})

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
