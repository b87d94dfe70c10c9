import { createRequire } from "node:module"
import { join } from "node:path"
import { errnoName } from "./errno.ts"
import { nativeFolder } from "./ffi.ts"

/** What came of trying one thing. */
export interface Tried {
  /** `EPERM`, …; "" where it works. `ENOTRECOVERABLE`: it killed the process that tried. */
  errno: string
  /** The kernel's own words, or what was found. */
  text: string
  /** It was tried as the root of a user namespace of its own: this process may not do it outside one. */
  inUserNamespace: boolean
}

/** Longer than all tries of a slow machine take; a kernel that hangs must not hang the command. */
const PATIENCE_MS = 60_000

/**
 * Has `stack-doctor` try each request in namespaces of its own, which end with it (native/doctor/main.c has the list): by request. What it
 * did not come to, because it was ended, is absent.
 */
export function tryAll(requests: readonly string[], folder?: string): Map<string, Tried> {
  // Loaded where it is needed: most commands try nothing.
  const { spawnSync } = createRequire(import.meta.url)("node:child_process") as typeof import("node:child_process")
  const program = join(folder ?? nativeFolder(), "stack-doctor")
  const { stdout } = spawnSync(program, [...requests], {
    encoding: "utf8",
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "ignore"],
  })
  return new Map((stdout ?? "").split("\n").flatMap(parseLine))
}

function parseLine(line: string): [string, Tried][] {
  const [request, how, errno, text = ""] = line.split("\t")
  if (request === undefined || errno === undefined) return []
  return [[request, { errno: errno === "0" ? "" : errnoName(Number(errno)), text, inUserNamespace: how === "user" }]]
}
