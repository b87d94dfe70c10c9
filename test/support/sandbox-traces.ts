import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { dirname } from "node:path"
import * as assert from "uvu/assert"
import { foldersBelow } from "./cgroups.ts"
import { titleOf } from "./lab.ts"
import type { Sandbox } from "./sandbox.ts"

/** Everything a stack could leave in a sandbox, as text that can be compared. */
export interface Traces {
  links: string
  addresses: string
  routes: string
  rules: string
  mounts: string
  groups: string
  processes: string
  namespaces: string
  files: string
}

/** One reading from outside, by tools that are not ours. Timers that run by themselves are left out. */
export function readTraces(sandbox: Sandbox): Traces {
  return {
    links: tool(sandbox, "ip -o -d link show | sed -E 's/_timer +[0-9.]+//g; s/state (UP|UNKNOWN|DOWN)//; s/NO-CARRIER,|,LOWER_UP//'"),
    addresses: tool(sandbox, "ip -o address show | sed -E 's/(tentative|\\\\|valid_lft).*//'"),
    routes: tool(
      sandbox,
      "ip -o -4 route show table all; ip -o -6 route show table all | grep -v -e fe80 -e ff00 | sed -E 's/expires [^ ]*|linkdown//'",
    ),
    rules: tool(sandbox, "ip -4 rule show; ip -6 rule show"),
    mounts: mountsOf(sandbox),
    groups: sandbox.groups
      .flatMap((group) => foldersBelow(group.folder))
      .sort()
      .join("\n"),
    processes: sandbox
      .processes()
      .map((pid) => `${pid} ${titleOf(pid)}`)
      .join("\n"),
    namespaces: namespacesOf(sandbox),
    files: tool(sandbox, "find /run /var/lib/stack -mindepth 1 -printf '%p %y %m %U:%G\\n' | sort"),
  }
}

function tool(sandbox: Sandbox, script: string): string {
  return sandbox.run(["/bin/sh", "-c", script]).stdout
}

/**
 * But for those in the folders of other tests: those who run beside this one mount there (debootstrap does), and what was there when the sandbox was
 * opened it has copies of, which go when such a folder is removed.
 */
function mountsOf(sandbox: Sandbox): string {
  const isOthers = (target: string) => /\/stack-test[.-]/.test(target) && !target.startsWith(`${dirname(sandbox.work)}/`)
  const lines = tool(sandbox, "cut -d' ' -f4- /proc/self/mountinfo | sort").split("\n")
  return lines.filter((line) => !isOthers(line.split(" ")[1] ?? "")).join("\n")
}

/** Namespaces and deleted or foreign files that survivors hold open. */
function namespacesOf(sandbox: Sandbox): string {
  return sandbox
    .processes()
    .flatMap((pid) => {
      try {
        const spaces = readdirSync(`/proc/${pid}/ns`).map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`))
        return [...spaces, ...readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))]
      } catch {
        return []
      }
    })
    .sort()
    .join("\n")
}

/** Folders that hold all stacks' things may stay, empty. */
const ROOTS = new Set(["/run/stack d 755 0:0", "/var/lib/stack/containers d 711 0:0"])

/** The two readings are the same; a failure tells the lines that are not. */
export function expectSameTraces(after: Traces, before: Traces, what = ""): void {
  for (const key of Object.keys(before) as (keyof Traces)[]) {
    const [now, then] = [after[key], before[key]].map((text) => text.split("\n").filter((line) => line !== "" && !ROOTS.has(line))) as [
      string[],
      string[],
    ]
    const more = now.filter((line) => !then.includes(line))
    const less = then.filter((line) => !now.includes(line))
    assert.equal(
      { more, less },
      { more: [], less: [] },
      `${what} ${key}: ${[...more.map((l) => `+ ${l}`), ...less.map((l) => `- ${l}`)].join("\n")}`,
    )
    assert.is(now.length, then.length, `${what} ${key}: the same lines, more or fewer times`)
  }
}

/** Memory of one process that nobody shares, in bytes: what it costs to have it. */
export function privateMemory(pid: number): number {
  const rows = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)
  return [...rows].reduce((sum, [, kb]) => sum + Number(kb) * 1024, 0)
}
