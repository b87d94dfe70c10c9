import { readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from "node:fs"
import { startTimeOf } from "../../src/observe/monitors.ts"
import { foldersBelow, parentsOfGroups } from "./cgroups.ts"

/** What all that a sandbox makes outside itself is called by; behind it stands whose it is. */
const NAME = /^stack-test\.(\d+)\.(\d+)-(\d+)\./

/** `stack-test.PID.START-SPACE.`: this process, told from any other that may get its pid, or has it in another pid namespace. */
export function ownName(): string {
  return `stack-test.${process.pid}.${startTime(process.pid)}-${pidSpace()}.`
}

/**
 * Removes the groups and folders of sandboxes whose process is dead: one that was killed could not. Only of this pid namespace, of others
 * nobody can tell; and nothing that still has processes in it, which end with their sandbox a moment after its process.
 */
export function removeAbandoned(scratch: string): void {
  for (const parent of parentsOfGroups()) for (const name of abandonedIn(parent)) quietly(() => removeEmpty(`${parent}/${name}`))
  for (const name of abandonedIn(scratch)) quietly(() => rmSync(`${scratch}/${name}`, { recursive: true, force: true }))
}

function abandonedIn(parent: string): string[] {
  return readdirSync(parent).filter((name) => {
    const [, pid, start, space] = NAME.exec(name) ?? []
    return pid !== undefined && space === pidSpace() && startTime(Number(pid)) !== start
  })
}

function removeEmpty(group: string): void {
  for (const folder of foldersBelow(group)) rmdirSync(folder)
}

/** Another run may be at the same work; and what is in use stays for the next one. */
function quietly(work: () => void): void {
  try {
    work()
  } catch (failure) {
    const { code = "" } = failure as NodeJS.ErrnoException
    if (!["ENOENT", "EBUSY", "ENOTEMPTY", "EACCES", "EPERM", "EROFS"].includes(code)) throw failure
  }
}

/** Undefined of one that is dead. */
function startTime(pid: number): string | undefined {
  try {
    return startTimeOf(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return undefined
  }
}

function pidSpace(): string {
  return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")
}
