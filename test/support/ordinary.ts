import { chmodSync, cpSync, mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expectStatus } from "./lab.ts"
import type { Ran, RunOptions, Sandbox } from "./sandbox.ts"

const UID = "12345"

/** Somebody without privileges in a sandbox, with a home and a run folder, as a login gives them. */
export interface Ordinary {
  home: string
  runtime: string
  environment: { [name: string]: string }
  /** The argument list of a command as this user. */
  command(...command: string[]): string[]
  run(command: readonly string[], options?: RunOptions): Ran
  /** `stack`, to its end. */
  stack(args: readonly string[], options?: RunOptions): Ran
  /** The argument list of `stack` as this user, for `sandbox.start`. */
  stackCommand(...args: string[]): string[]
}

/**
 * The user `ordinary`, in the /etc of the sandbox alone. `ids`: how many subordinate ids it has; 0: /etc/subuid does not know it. The program
 * is copied to where everybody may read it.
 */
export function ordinaryUser(sandbox: Sandbox, { ids = 65_536 }: { ids?: number } = {}): Ordinary {
  const { work } = sandbox
  const [home, runtime, etc] = [`${work}/home`, `/run/user/${UID}`, `${work}/etc`]
  const lines = [`echo ordinary:x:${UID}:${UID}::${home}:/bin/sh >> ${etc}/passwd`]
  const range = `echo ordinary:2000000:${ids} >>`
  if (ids > 0) lines.push(`${range} ${etc}/subuid`, `${range} ${etc}/subgid`)
  const script = [
    `cp -a /etc ${etc}`,
    ...lines,
    `mount --bind ${etc} /etc`,
    `mkdir -p ${home}/.local/share ${runtime}`,
    `chown -R ${UID}:${UID} ${home} ${runtime}`,
    `chmod 700 ${home} ${runtime}`,
  ]
  expectStatus(sandbox.run(["sh", "-ec", script.join("\n")]), 0)
  const program = copyOf(sandbox)
  const command = (...words: string[]) => ["setpriv", "--reuid", UID, "--regid", UID, "--clear-groups", ...words]
  const environment = { HOME: home, XDG_RUNTIME_DIR: runtime }
  const run: Ordinary["run"] = (words, options = {}) =>
    sandbox.run(command(...words), { ...options, env: { ...environment, ...options.env } })
  const stackCommand = (...args: string[]) => command(process.execPath, program, ...args)
  const stack: Ordinary["stack"] = (args, options) => run([process.execPath, program, ...args], options)
  return { home, runtime, environment, command, run, stack, stackCommand }
}

/** The program, where somebody who may not look into the project's folder finds it. */
function copyOf(sandbox: Sandbox): string {
  const folder = `${sandbox.work}/stack`
  mkdirSync(folder)
  cpSync(fileURLToPath(new URL("../../dist", import.meta.url)), folder, { recursive: true })
  for (const name of ["ffi-rs", "@yuuang"]) {
    cpSync(fileURLToPath(new URL(`../../node_modules/${name}`, import.meta.url)), `${folder}/node_modules/${name}`, { recursive: true })
  }
  for (const path of [`${sandbox.work}/..`, sandbox.work]) chmodSync(path, 0o755)
  expectStatus(sandbox.run(["chmod", "-R", "a+rX", folder]), 0)
  return `${folder}/stack.js`
}
