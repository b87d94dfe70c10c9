import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/** What a tool of the machine says; "" where it has nothing to say. Fails where it fails. */
export function said(command: readonly string[], input = ""): string {
  const [program = "", ...args] = command
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", input, maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`${command.join(" ")}: ${error?.message ?? stderr}`)
  return stdout
}

/** Whatever is read here may go while it is looked at: then it is as good as not there. */
export function ifThere<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}

/** Names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return ifThere(() => readdirSync(folder).sort(), [])
}

export function textOf(path: string): string {
  return ifThere(() => readFileSync(path, "utf8"), "")
}

export function linkOf(path: string): string {
  return ifThere(() => readlinkSync(path), "")
}

export function linesOf(path: string): string[] {
  return textOf(path).split("\n").filter(Boolean)
}
