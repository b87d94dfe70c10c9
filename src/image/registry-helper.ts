import { spawn } from "node:child_process"
import { isMap, MOST_JSON } from "./json.ts"
import type { Credentials, Environment } from "./registry-credentials.ts"

/** A program that keeps the passwords of registries, and under which name it knows this one. */
export interface Helper {
  program: string
  server: string
}

/** What it has told; or why it has told nothing, in words that hold nothing of what it keeps. */
export type Told = { credentials: Credentials } | { why: string }

/** One that asks a person for a password waits for him. */
const LONGEST_MS = 60_000
/** The user's name by which a helper says that what it keeps is no password but a token. */
const TOKEN_USER = "<token>"

/**
 * Docker's protocol: `docker-credential-NAME get`, the server on its standard input, JSON with ServerURL, Username and Secret on its standard
 * output. https://github.com/docker/docker-credential-helpers. What it prints is never passed on: it may hold a secret.
 */
export async function askHelper({ program, server }: Helper, environment: Environment): Promise<Told> {
  const { output, failure } = await outputOf(program, server, environment)
  if (failure !== undefined) return { why: /credentials not found/i.test(output) ? `${program} knows nothing of ${server}` : failure }
  let answer: unknown
  try {
    answer = JSON.parse(output)
  } catch {
    // Told below.
  }
  const { Username: user, Secret: password } = isMap(answer) ? answer : {}
  if (typeof user !== "string" || typeof password !== "string" || password === "")
    return { why: `${program} gives an answer that holds no password` }
  return { credentials: user === TOKEN_USER ? { user: "", password: "", identityToken: password } : { user, password } }
}

function outputOf(program: string, server: string, environment: Environment): Promise<{ output: string; failure?: string }> {
  const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "ignore"], env: environment })
  // spawn's own `timeout` keeps this process for all of its time where there is no such program.
  const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS)
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output.length < MOST_JSON) output += text
  })
  const ended = new Promise<{ output: string; failure?: string }>((resolve) => {
    child.on("error", ({ code }: NodeJS.ErrnoException) =>
      resolve({ output: "", failure: code === "ENOENT" ? `${program} is not there` : `${program} cannot be run: ${code}` }),
    )
    child.on("close", (status, signal) => {
      const failure = signal === null ? `${program} ends with status ${status}` : `${program} was ended by ${signal}`
      resolve(status === 0 ? { output } : { output, failure })
    })
  })
  // One that ends without reading is told by its status.
  child.stdin.on("error", () => {})
  child.stdin.end(`${server}\n`)
  return ended.finally(() => clearTimeout(timer))
}
