import { chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { apply, expectStatus } from "../support/lab.ts"
import type { Sandbox } from "../support/sandbox.ts"
import { openSandbox } from "../support/sandbox.ts"
import type { Calls, TracedCall } from "./strace.ts"
import { countCalls, ownTasks, parseTrace, tracingCost } from "./strace.ts"
import { median } from "./timed.ts"

/** `container.b7: spawned (12 ms)` */
const STEP = /^(\w+)\.[^ ]+: ([a-z ]+) \(/
const ROUNDS = 5
/** Of the first of them the reading is told; in the other one what every command begins with counts most. */
const COUNTS = [100, 1] as const
const READER = fileURLToPath(new URL("read.cjs", import.meta.url))

function labText(count: number): string {
  const boxes = Array.from({ length: count }, (_, i) => {
    const address = `10.77.${Math.floor((i + 2) / 256)}.${(i + 2) % 256}/16`
    return `  c${i}: { image: "dir:./rootfs", command: [/bin/busybox, sleep, infinity], idmap: box, limits: { memory: 64M, pids: 64 }, interfaces: { eth0: { bridge: lan, address: ${address} } } }\n`
  })
  return `name: lab
bridges: { lan: { address: 10.77.0.1/16 } }
idmaps: { box: { uid: ["0 100000 65536"], gid: ["0 100000 65536"] } }
containers:
${boxes.join("")}`
}

function prepare(sandbox: Sandbox, count: number): string {
  for (const name of ["bin", "proc", "sys", "dev", "etc", "tmp"]) mkdirSync(`${sandbox.work}/rootfs/${name}`, { recursive: true })
  copyFileSync("/bin/busybox", `${sandbox.work}/rootfs/bin/busybox`)
  chmodSync(`${sandbox.work}/rootfs/bin/busybox`, 0o755)
  return sandbox.file("stack.yaml", labText(count))
}

/** One row of the table. */
interface Stage {
  name: string
  ms: number
  calls: Calls
}

/** Wall time of a command in the sandbox, without what entering it costs. */
function timeOf(sandbox: Sandbox, command: string[]): number {
  const once = (words: string[]) => {
    const began = performance.now()
    expectStatus(sandbox.run(words), 0)
    return performance.now() - began
  }
  const runs = Array.from({ length: ROUNDS }, () => once(command) - once(["true"]))
  return median(runs)
}

/** The calls of a whole command. */
function callsOf(sandbox: Sandbox, command: string[]): TracedCall[] {
  expectStatus(sandbox.run(["strace", "-f", "-qq", "-ttt", "-T", "-s", "100", "-o", "trace", ...command]), 0)
  return parseTrace(readFileSync(`${sandbox.work}/trace`, "utf8"))
}

function summed(calls: readonly TracedCall[]): Calls {
  return countCalls(calls, ownTasks(calls), tracingCost(calls))
}

function minus(a: Calls, b: Calls): Calls {
  return { own: a.own - b.own, others: a.others - b.others, kernelMs: Math.max(0, a.kernelMs - b.kernelMs) }
}

/** Runs an apply to its end and tells when each line of progress came, since its start. The monitors outlive it. */
function watch(sandbox: Sandbox, command: string[]): Promise<{ lines: { at: number; text: string }[]; took: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const child = sandbox.start(command)
    const lines: { at: number; text: string }[] = []
    child.stdout.resume()
    child.stderr.on("data", (chunk) => {
      for (const text of String(chunk).split("\n").filter(Boolean)) lines.push({ at: performance.now() - began, text })
    })
    child.on("exit", (status) =>
      status === 0 ? resolve({ lines, took: performance.now() - began }) : reject(new Error(lines.map((l) => l.text).join("\n"))),
    )
  })
}

/** Milliseconds of each step's kind, by the arrival of the lines that tell its end; what is before the first belongs to the first. */
function stepTimes(lines: readonly { at: number; text: string }[], from: number): Map<string, number> {
  const times = new Map<string, number>()
  let last = from
  for (const { at, text } of lines) {
    const [, kind, done] = STEP.exec(text) ?? []
    if (kind === undefined) continue
    times.set(`${kind}: ${done}`, (times.get(`${kind}: ${done}`) ?? 0) + at - last)
    last = at
  }
  times.set("read back", -last)
  return times
}

/** The calls between one told step and the next. */
function stepCalls(calls: readonly TracedCall[]): Map<string, TracedCall[]> {
  const stages = new Map<string, TracedCall[]>()
  let pending: TracedCall[] = []
  for (const call of calls) {
    pending.push(call)
    const [, kind, done] = call.name === "write" ? (STEP.exec(/"(.*)/.exec(call.text)?.[1] ?? "") ?? []) : []
    if (kind === undefined) continue
    stages.set(`${kind}: ${done}`, [...(stages.get(`${kind}: ${done}`) ?? []), ...pending])
    pending = []
  }
  return stages.set("read back", pending)
}

/** Traces an apply without waiting for the monitors, which strace would follow for ever. */
async function traceApply(sandbox: Sandbox, command: string[]): Promise<TracedCall[]> {
  const child = sandbox.start(["sh", "-c", 'strace -I 2 -f -qq -ttt -T -s 100 -o trace "$@" & echo $!; wait', "sh", ...command])
  let said = ""
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      said += chunk
      if (said.includes("Apply complete!")) resolve()
    })
    child.on("exit", () => reject(new Error(`the traced apply ended early\n${said}`)))
  })
  // The end of the process itself is part of it.
  await new Promise((resolve) => setTimeout(resolve, 500))
  child.removeAllListeners("exit")
  sandbox.run(["kill", "-TERM", said.split("\n")[0] ?? ""])
  await new Promise((resolve) => child.once("exit", resolve))
  return parseTrace(readFileSync(`${sandbox.work}/trace`, "utf8"))
}

/** Milliseconds that a plan of what is live takes for the reading itself. */
function readingTime(sandbox: Sandbox, file: string): number {
  const [, loader = ""] = sandbox.command()
  const once = () => {
    const ran = sandbox.run([process.execPath, READER, loader, file, "plan"])
    expectStatus(ran, 0)
    return Number(ran.stdout)
  }
  return median(Array.from({ length: ROUNDS }, once))
}

async function measure(sandbox: Sandbox, file: string): Promise<{ stages: Stage[]; read: number }> {
  const node = [process.execPath, "-e", "0"]
  const validate = sandbox.command("validate", "-f", file)
  const plan = sandbox.command("plan", "-f", file)
  const command = sandbox.command("apply", "-y", "-f", file)
  const destroy = () => expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  apply(sandbox, file)
  const read = readingTime(sandbox, file)
  destroy()
  const times = { bare: timeOf(sandbox, node), validate: timeOf(sandbox, validate), plan: timeOf(sandbox, plan) }
  const calls = { bare: summed(callsOf(sandbox, node)), validate: summed(callsOf(sandbox, validate)), plan: summed(callsOf(sandbox, plan)) }
  const before: Stage[] = [
    { name: "node itself (`node -e 0`)", ms: times.bare, calls: calls.bare },
    { name: "load the bundle, read and check the file", ms: times.validate - times.bare, calls: minus(calls.validate, calls.bare) },
    { name: "observe and plan, print the plan", ms: times.plan - times.validate, calls: minus(calls.plan, calls.validate) },
  ]
  const entering = timeOf(sandbox, ["true"])
  const runs: Map<string, number>[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const { lines, took } = await watch(sandbox, command)
    const steps = stepTimes(lines, times.plan + entering)
    steps.set("read back", (steps.get("read back") ?? 0) + took)
    runs.push(steps)
    destroy()
  }
  const traced = await traceApply(sandbox, command)
  destroy()
  const own = ownTasks(traced)
  const cost = tracingCost(traced)
  const rows = [...stepCalls(traced)].map(([name, of], i): Stage => {
    const counted = countCalls(of, own, cost)
    return { name, ms: median(runs.map((run) => run.get(name) ?? 0)), calls: i === 0 ? minus(counted, calls.plan) : counted }
  })
  return { stages: [...before, ...rows], read }
}

function table(stages: readonly Stage[], count: number): string {
  const row = ({ name, ms, calls }: Stage) =>
    `| ${name} | ${ms.toFixed(0)} | ${calls.own} | ${calls.others} | ${calls.kernelMs.toFixed(0)} |`
  const add = (of: (stage: Stage) => number) => stages.reduce((sum, stage) => sum + of(stage), 0)
  const total: Stage = {
    name: `all of it, ${count} ${count === 1 ? "container" : "containers"}`,
    ms: add((s) => s.ms),
    calls: { own: add((s) => s.calls.own), others: add((s) => s.calls.others), kernelMs: add((s) => s.calls.kernelMs) },
  }
  return [
    "| stage of apply | ms | system calls of stack | of monitors and containers | inside the kernel, ms |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...[...stages, total].map(row),
  ].join("\n")
}

/** System calls and milliseconds of each stage of an apply. */
export interface Stages {
  /** Markdown tables, one for each number of containers. */
  tables: string
  /** Milliseconds that a plan of the most containers takes for the reading itself. */
  read: number
}

export async function measureStages(): Promise<Stages> {
  const measured: (Awaited<ReturnType<typeof measure>> & { table: string })[] = []
  for (const count of COUNTS) {
    const sandbox = await openSandbox()
    try {
      const found = await measure(sandbox, prepare(sandbox, count))
      measured.push({ ...found, table: table(found.stages, count) })
    } finally {
      await sandbox.close()
    }
  }
  return { tables: measured.map((one) => one.table).join("\n\n"), read: measured[0]?.read ?? 0 }
}
