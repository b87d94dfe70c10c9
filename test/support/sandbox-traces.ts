import { readdirSync, readFileSync, readlinkSync } from "node:fs"
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

/** One reading from outside, by tools that are not ours. */
export function readTraces(sandbox: Sandbox): Traces {
  return {
    links: tool(sandbox, "ip -o -d link show | sed 's/ qlen [0-9]*//'"),
    addresses: tool(sandbox, "ip -o address show | sed 's/valid_lft.*//'"),
    routes: tool(sandbox, "ip -o -4 route show table all; ip -o -6 route show table all | sed 's/expires [^ ]*//'"),
    rules: tool(sandbox, "ip -4 rule show; ip -6 rule show"),
    mounts: tool(sandbox, "cut -d' ' -f4- /proc/self/mountinfo | sort"),
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

/** The two readings are the same. Folders that hold all stacks' things may stay, empty. */
export function expectSameTraces(after: Traces, before: Traces): void {
  for (const key of Object.keys(before) as (keyof Traces)[]) assert.is(withoutRoots(after[key]), withoutRoots(before[key]), key)
}

const ROOTS = /^\/(run\/stack|var\/lib\/stack\/containers) d \d+ 0:0\n/gm

function withoutRoots(text: string): string {
  return text.replace(ROOTS, "")
}

/** Memory of one process that nobody shares, in bytes: what it costs to have it. */
export function privateMemory(pid: number): number {
  const rows = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)
  return [...rows].reduce((sum, [, kb]) => sum + Number(kb) * 1024, 0)
}
