import { existsSync, readFileSync } from "node:fs"
import { test } from "uvu"

/**
 * Registers tests of a file that need something of the machine. Where `missing` says that it is not there, each of them is
 * told to the runner as skipped, by name and with the reason; it counts them apart from those that passed.
 */
export function testsUnless(missing: string | undefined): (name: string, body: () => void | Promise<void>) => void {
  return (name, body) => {
    if (missing === undefined) test(name, body)
    else console.log(`skipped: ${name}: ${missing}`)
  }
}

/** The first thing that is missing, or undefined: every program in `PATH`, then root. */
export function missing(...programs: string[]): string | undefined {
  const folders = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`.split(":")
  const absent = programs.find((name) => !folders.some((folder) => existsSync(`${folder}/${name}`)))
  if (absent !== undefined) return `${absent} is not installed`
  return process.getuid?.() === 0 ? undefined : "needs root"
}

/** True where this process holds the capability by number. capabilities(7) */
export function hasCapability(bit: number): boolean {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`)
  return (mask & (1n << BigInt(bit))) !== 0n
}
