import * as assert from "uvu/assert"
import type { Kernel, KernelError, LaunchRecord, NetDump, NetNs, NetRequest } from "../../src/kernel/kernel.ts"
import { KernelError as Refusal } from "../../src/kernel/kernel.ts"

/** What the contract is held against: some kernel, and a folder on it for files. */
export interface Subject {
  kernel: Kernel
  folder: string
}

/** What must hold of every kernel, by a sentence each. */
export interface Contract {
  [sentence: string]: (subject: Subject) => void | Promise<void>
}

/** The errno that some work is refused with; "none" if it is not. */
export function errnoOf(work: () => unknown): string {
  try {
    work()
    return "none"
  } catch (failure) {
    assert.instance(failure, Refusal)
    return (failure as KernelError).errno
  }
}

export async function errnoOfPromise(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return "none"
  } catch (failure) {
    assert.instance(failure, Refusal)
    return (failure as KernelError).errno
  }
}

/** The answers to requests: `ok` or an errno each. */
export function answers(kernel: Kernel, requests: readonly NetRequest[], ns: NetNs = "host"): string[] {
  return kernel.net(ns, requests).map((answer) => answer?.errno ?? "ok")
}

/** Requests of which none may be refused. */
export function must(kernel: Kernel, requests: readonly NetRequest[], ns: NetNs = "host"): void {
  const refusals = kernel.net(ns, requests).flatMap((answer) => answer?.message ?? [])
  assert.equal(refusals, [])
}

export function linkIn(dump: NetDump, name: string): NetDump["links"][number] {
  const link = dump.links.find((l) => l.name === name)
  if (link === undefined) throw new Error(`no link ${name} among ${dump.links.map((l) => l.name).join(" ")}`)
  return link
}

/** `ADDRESS SCOPE` of a link, sorted. */
export function addressesOf(dump: NetDump, name: string): string[] {
  const { index } = linkIn(dump, name)
  return dump.addresses
    .filter((a) => a.index === index)
    .map((a) => `${a.address} ${a.scope}`)
    .sort()
}

/** `TO [via GATEWAY] proto N metric N` of a link, sorted. */
export function routesOf(dump: NetDump, name: string): string[] {
  const { index } = linkIn(dump, name)
  return dump.routes
    .filter((r) => r.dev === index)
    .map((r) => `${r.to}${r.via === undefined ? "" : ` via ${r.via}`} proto ${r.protocol} metric ${r.metric}`)
    .sort()
}

let launches = 0

/** A container with all namespaces of its own and the host's files. */
export function recordOf({ kernel, folder }: Subject, change: Partial<LaunchRecord> = {}): LaunchRecord {
  const runDir = `${folder}/run${launches++}`
  kernel.mkdir(runDir, 0o700)
  const map = "0 100000 65536\n"
  return {
    title: `stack-monitor contract container.c${launches}`,
    runDir,
    namespaces: { user: "new", mount: "new", pid: "new", net: "new", uts: "new", ipc: "new", cgroup: "new" },
    ...{ uidMap: map, gidMap: map, cgroup2: "", cgroups1: [], monitorCgroup2: "", monitorCgroups1: [] },
    ...{ prepare: [], openPaths: [], setup: [], mounts: [], files: [], init: "", owner: { uid: 0, gid: 0 } },
    ...{ uid: 0, gid: 0, groups: [], capabilities: "0", noNewPrivileges: true, rlimits: [], oomScoreAdj: 0, filter: null },
    ...{ cwd: "/", argv: ["sleep", "1000"], env: ["PATH=/usr/bin:/bin"] },
    ...change,
  }
}
