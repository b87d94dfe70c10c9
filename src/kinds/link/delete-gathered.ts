import type { KernelError, Link, NetNs, NetRequest } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import { calling } from "./results.ts"

/**
 * Deletes many links of one namespace by one message to a group in which there is nothing else: the kernel waits until no processor
 * looks at a link any more once for all of them, and not once for each, for which it takes some 20 ms.
 * `group`: one that holds these already, and nothing else; absent: they are gathered in one made up for the purpose.
 * `ip link set dev X group G …; ip link del group G`
 */
export async function deleteGathered(
  run: Run,
  ns: NetNs,
  doomed: readonly number[],
  links: readonly Link[],
  group?: number,
): Promise<KernelError | null> {
  const into = group ?? freeGroup(new Set(links.map((link) => link.group)))
  const requests: NetRequest[] = group === undefined ? doomed.map((link) => ({ op: "link-set", link, group: into })) : []
  const answers = await run.kernel.netLater(ns, [...requests, { op: "group-delete", group: into }])
  const named = answers.map((answer, i) => answer && calling(nameOf(links, doomed[i]), doomed[i] ?? 0, answer))
  return named.map(ignoreGone).find((e) => e !== null) ?? null
}

export function nameOf(links: readonly Link[], index: number | undefined): string {
  return links.find((link) => link.index === index)?.name ?? ""
}

/** A group number that no link bears. */
function freeGroup(taken: ReadonlySet<number>): number {
  let group = 0x53ff0000
  while (taken.has(group)) group++
  return group
}

/** A link that vanished with its peer or its namespace meanwhile is what was wanted. */
export function ignoreGone(error: KernelError | null): KernelError | null {
  return error !== null && (error.errno === "ENODEV" || error.errno === "ESRCH") ? null : error
}
