import type { Address } from "../../base/address.ts"
import type { Link, NetNs } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import { isOfGroup } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { isMarkedFor } from "./mark.ts"
import { calling } from "./results.ts"

/** Deletes one end of a resource's pair, and so both, unless by now another link is there; ends whose namespace is gone are gone. */
export function deleteEnd(run: Run, step: Step, end: { container: Address; ifindex: number }): KernelError | null {
  const { ns, links } = linksAt(run, end.container)
  const link = links.find((l) => l.index === end.ifindex)
  if (ns === undefined || link === undefined) return null
  if (!isOursStill(step, run.stack, link))
    return new KernelError(`ip link del ${link.name}`, "ESTALE", "another link has taken its place by now")
  const [answer = null] = run.kernel.net(ns, [{ op: "link-delete", link: end.ifindex }])
  return answer?.errno === "ENODEV" ? null : calling(link.name, end.ifindex, answer)
}

/** Whether the link is the step's own: by its mark, or, where it has no stack's, by its group. */
export function isOursStill(step: Step, stack: string, link: Link): boolean {
  return isMarkedFor(step, stack, link.alias) || isOfGroup(stack, link)
}

/** The links of a container's namespace, or of `host`'s, read again; none, and no namespace, where that is gone. */
export function linksAt(run: Run, container: Address): { ns: NetNs | undefined; links: readonly Link[] } {
  const ns = container === "host" ? "host" : run.born.get(container)?.netns
  if (typeof ns !== "string") return { ns: undefined, links: [] }
  try {
    return { ns, links: run.kernel.dump(ns).links }
  } catch (error) {
    if (error instanceof KernelError && (error.errno === "ENOENT" || error.errno === "ESRCH")) return { ns: undefined, links: [] }
    throw error
  }
}
