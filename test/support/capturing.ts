import type { Sandbox } from "./sandbox.ts"

/** A `stack capture` that runs in a sandbox. */
export interface Capturing {
  /** Sends it a signal, as a person would. */
  signal(name: string): void
  /** How it ended; `bytes`: what it wrote to standard output. */
  ended: Promise<{ status: number; bytes: Buffer; stderr: string }>
}

/** Starts one, and comes back when it sees packets. `command`: as `sandbox.start` takes it. */
export async function capturing(sandbox: Sandbox, command: readonly string[], env: { [name: string]: string } = {}): Promise<Capturing> {
  const child = sandbox.start(["sh", "-c", 'echo "pid $$" >&2; exec "$@"', "sh", ...command], { env })
  const chunks: Buffer[] = []
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
  const ended: Capturing["ended"] = new Promise((resolve) => {
    child.on("close", (code) => resolve({ status: code ?? -1, bytes: Buffer.concat(chunks), stderr: stderr.replace(/^pid .*\n/, "") }))
  })
  await Promise.race([
    ended,
    new Promise<void>((resolve) => {
      child.stderr.on("data", (chunk) => {
        stderr += chunk
        if (stderr.includes(": capturing\n")) resolve()
      })
    }),
  ])
  const pid = /^pid (\d+)$/m.exec(stderr)?.[1] ?? ""
  return { signal: (name) => void sandbox.run(["kill", `-${name}`, pid]), ended }
}
