/**
 * Runs every test: each file `NAME.test.ts` in a process of its own, and says in its last line
 * `N passed, N failed, N skipped`. Tests of one kernel that are not in sandboxes run one after another.
 */

import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { removeAbandoned } from "./support/abandoned.ts"
import type { RunOptions } from "./support/options.ts"
import { readOptions, USAGE } from "./support/options.ts"
import { shuffled } from "./support/order.ts"
import type { FileResult } from "./support/run-file.ts"
import { runFile } from "./support/run-file.ts"
import { scratchFolder } from "./support/sandbox.ts"
import { isStale } from "./support/stale.ts"
import { machineTraces, RUN_MARK } from "./support/traces.ts"
import { argumentsOrUsage } from "./support/usage.ts"

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "")
/** An emulated machine takes about ten times as long. */
const PATIENCE = process.env.VM_RUN === undefined ? 1 : 10
const UNIT_MS = 180_000 * PATIENCE
const KERNEL_MS = 240_000 * Math.min(PATIENCE, 5)

async function main(): Promise<void> {
  const options = argumentsOrUsage(readOptions, USAGE)
  if (options === undefined) return
  process.chdir(ROOT)
  if (options.build) build(options)
  const files = chosen(options)
  if (options.shuffle !== undefined) console.log(`shuffled by seed ${options.shuffle}`)
  if (!options.unit) removeAbandoned(scratchFolder())
  process.env[RUN_MARK] = `${process.pid}`
  const before = machineTraces()
  const results = await runAll(files, options)
  const left = await leftBehind(before)
  if (left.length > 0)
    console.log(
      `\nFAILED the tests left behind:\n${left
        .slice(0, 20)
        .map((trace) => `  ${trace}\n`)
        .join("")}`,
    )
  summarise(results, left.length > 0)
}

/** What is new on the machine and stays: a killed process needs a moment to go. */
async function leftBehind(before: ReadonlySet<string>): Promise<string[]> {
  let left: string[] = []
  for (let attempt = 0; attempt < 10; attempt++) {
    left = [...machineTraces()].filter((trace) => !before.has(trace))
    if (left.length === 0) break
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  return left
}

/** What is stale; for the kernel tests also the build with fault points, and the C parts with sanitizers, where the compiler has them. */
function build({ unit }: RunOptions): void {
  const stale = [...(isStale(ROOT) ? ["build"] : []), ...(!unit && isStale(ROOT, "dist-faults") ? ["build:faults"] : [])]
  for (const script of stale) {
    if (spawnSync("npm", ["run", "--silent", script], { stdio: "inherit" }).status === 0) continue
    console.log("the build failed\n0 passed, 1 failed, 0 skipped")
    process.exit(1)
  }
  if (!unit) spawnSync("make", ["-s", "-C", "native", "sanitize"], { stdio: "ignore" })
}

function chosen(options: RunOptions): string[] {
  const all = (readdirSync("test", { recursive: true }) as string[])
    .map((path) => `test/${path}`)
    .filter((path) => path.endsWith(".test.ts"))
  const some = all
    .filter((file) => !(options.unit && needsKernel(file)) && !(options.kernel && !needsKernel(file)))
    .filter((file) => options.parts.length === 0 || options.parts.some((part) => file.includes(part)))
    .sort()
  return options.shuffle === undefined ? some : shuffled(some, options.shuffle)
}

function needsKernel(file: string): boolean {
  return file.startsWith("test/kernel/") || file.startsWith("test/contract/")
}

/** Scenarios bring a sandbox each; what else touches the kernel may share names with its like. */
function runsAlone(file: string): boolean {
  return needsKernel(file) && !file.startsWith("test/kernel/scenarios/")
}

/** Keeps as many processes going as asked for; of the files that run alone, never two at once. */
async function runAll(files: readonly string[], options: RunOptions): Promise<FileResult[]> {
  const waiting = [...files]
  const results: FileResult[] = []
  let alone = false
  const env: { [key: string]: string } = options.shuffle === undefined ? {} : { STACK_SHUFFLE: String(options.shuffle) }
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = waiting.findIndex((file) => !(alone && runsAlone(file)))
      const [file] = index < 0 ? [] : waiting.splice(index, 1)
      if (file === undefined) return
      const solitary = runsAlone(file)
      if (solitary) alone = true
      const result = await runFile(file, { timeoutMs: needsKernel(file) ? KERNEL_MS : UNIT_MS, env })
      if (solitary) alone = false
      results.push(result)
      report(result, options.verbose)
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, worker))
  return results
}

function report({ file, passed, failed, skipped, output, took }: FileResult, verbose: boolean): void {
  const counts = `${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`
  console.log(`${failed > 0 ? "FAILED" : "ok    "} ${file.slice("test/".length)}  ${counts}  ${(took / 1000).toFixed(1)} s`)
  if (failed > 0 || verbose) console.log(output.replace(/^/gm, "    "))
  else for (const reason of skipped) console.log(`       skipped: ${reason}`)
}

function summarise(results: readonly FileResult[], left: boolean): void {
  const sum = (of: (result: FileResult) => number) => results.reduce((total, result) => total + of(result), 0)
  const failed = sum((r) => r.failed) + (left ? 1 : 0)
  const bad = results.filter((r) => r.failed > 0)
  if (bad.length > 0) console.log(`\nfailed: ${bad.map((r) => r.file).join(" ")}`)
  console.log(`${sum((r) => r.passed) + (left ? 0 : 1)} passed, ${failed} failed, ${sum((r) => r.skipped.length)} skipped`)
  process.exitCode = failed > 0 || results.length === 0 ? 1 : 0
}

await main()
