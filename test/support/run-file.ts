import { spawn } from "node:child_process"

/** What one test file came to. */
export interface FileResult {
  file: string
  passed: number
  failed: number
  /** Name and reason of each test that this machine cannot run. */
  skipped: string[]
  /** All that it printed. */
  output: string
  took: number
}

const KILL_AFTER_MS = 2_000
const DRAIN_MS = 1_000

/**
 * One test file in a node of its own, in a process group of its own that is killed when the time is over. A file that
 * ends without a summary of uvu's, or badly after one, has failed.
 */
export function runFile(file: string, options: { timeoutMs: number; env: { [key: string]: string } }): Promise<FileResult> {
  const began = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", file], {
      detached: true,
      env: { ...process.env, FORCE_COLOR: "0", ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let output = ""
    let late = false
    const keep = (chunk: Buffer) => {
      output += chunk
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    const stop = setTimeout(() => {
      late = true
      signalGroup(child.pid, "SIGTERM")
      setTimeout(() => signalGroup(child.pid, "SIGKILL"), KILL_AFTER_MS).unref()
    }, options.timeoutMs)
    // A process that the test left behind may hold the pipes open for ever: they are not waited for long.
    child.on("exit", (code, signal) => {
      clearTimeout(stop)
      const ended = late ? `no end after ${options.timeoutMs / 1000} s` : signal !== null ? `killed by ${signal}` : `exit status ${code}`
      const done = () => resolve({ file, took: performance.now() - began, ...count(output, code === 0 && !late, ended) })
      child.on("close", done)
      setTimeout(done, DRAIN_MS).unref()
    })
  })
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // It ended by itself meanwhile.
  }
}

function count(output: string, ok: boolean, ended: string): Omit<FileResult, "file" | "took"> {
  const number = (word: string) => Number(new RegExp(`^  ${word}:\\s+([0-9]+)`, "m").exec(output)?.[1] ?? Number.NaN)
  const [total, passed, ownSkips] = [number("Total"), number("Passed"), number("Skipped")]
  // A file that runs itself again inside namespaces says it twice.
  const skipped = [...new Set([...output.matchAll(/^skipped: (.*)$/gm)].map((m) => m[1] ?? ""))]
  for (let i = 0; i < (ownSkips || 0); i++) skipped.push("a test without a reason")
  if (Number.isNaN(total)) return { passed: 0, failed: 1, skipped, output: `${output}\nno summary: ${ended}\n` }
  const failed = total - passed
  if (ok || failed > 0) return { passed, failed, skipped, output }
  return { passed, failed: 1, skipped, output: `${output}\n${ended}\n` }
}
