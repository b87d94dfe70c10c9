import { files, sysctls } from "./files.ts"
import { groups } from "./groups.ts"
import { networks } from "./networks.ts"
import { mounts, namespaces, openFiles, processes } from "./processes.ts"
import { ifThere, said } from "./tools.ts"

/** Everything of a machine that a stack could touch, as sorted lines by sort of thing: two readings are compared as text. */
export type Reading = { [section: string]: readonly string[] }

/** Reads the machine that this process is on, which is a sandbox, by tools that are not ours. */
export function readMachine(): Reading {
  const all = processes()
  const reading = {
    networks: networks(all),
    rules: ifThere(() => said(["nft", "list", "ruleset"]).split("\n"), []),
    mounts: mounts(all),
    namespaces: namespaces(all),
    groups: groups(),
    processes: all.map(({ pid, title }) => `${pid} ${title}`),
    open: openFiles(all),
    files: files(),
    sysctls: sysctls(),
  }
  return Object.fromEntries(Object.entries(reading).map(([section, lines]) => [section, [...lines].sort()]))
}

/** One line for each that is in only one of them, `+` where it has come, `-` where it has gone. */
export function differences(before: Reading, after: Reading): string[] {
  return Object.keys(before).flatMap((section) => {
    const [then, now] = [before[section] ?? [], after[section] ?? []]
    return [...without(now, then).map((line) => `+ ${section}: ${line}`), ...without(then, now).map((line) => `- ${section}: ${line}`)]
  })
}

/** The lines of one list that the other has not, or has fewer times. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return lines.filter((line) => {
    const at = left.indexOf(line)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** Folders that only hold a stack's groups in one hierarchy, and stay, empty, as long as it has some in another. */
const STACKS_OWN = /\/stack(\/[^/ ]+)? /

/**
 * A group of v1 that limits nothing. Where siblings come into such a hierarchy by one of them, those are in it that came later: steps
 * that do not wait for each other may come in any order.
 */
const LIMITLESS =
  /\/stack\/\S+\/\S+ (pids\.max=max|memory\.limit_in_bytes=9223372036854771712( memory\.(memsw\.limit|soft_limit)_in_bytes=9223372036854771712)*)$/

/**
 * The same without what differs from one time to the next: numbers of processes and namespaces, and what the kernel chooses. Two machines on which the same
 * stack runs read alike.
 */
export function likeness(reading: Reading): Reading {
  const { networks = [], groups = [], processes = [], mounts = [] } = reading
  return {
    networks: networks
      .filter((line) => !/^host: address local fe80/.test(line))
      .map(withoutChosenMac)
      .sort(),
    groups: groups.filter((line) => !STACKS_OWN.test(line) && !LIMITLESS.test(line)),
    processes: processes.map((line) => line.replace(/^[0-9]+ /, "")).sort(),
    // An overlay whose layer has been mounted before has no uuid of its own (uuid=auto, overlayfs).
    mounts: mounts.map((line) => line.replace(/ (master|shared):[0-9]+|,uuid=on/g, "")).sort(),
  }
}

/** The kernel gives the host's ends of veth pairs a MAC address by chance, and makes a link-local address of it. */
function withoutChosenMac(line: string): string {
  return /^host: link .* veth$/.test(line) ? line.replace(/ address [0-9a-f:]+/, "") : line
}
