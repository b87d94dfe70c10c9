import type { Address } from "../../base/address.ts"
import type { Link, NetNs } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import { linkGroupOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { isMarkedFor } from "./mark.ts"
import { calling } from "./results.ts"

/** Deletes one end of a resource's pair, and so both, unless by now another link is there; ends whose namespace is gone are gone. */
export function deleteEnd(run: Run, step: Step, end: { container: Address; ifindex: number }): KernelError | null {
  const ns = end.container === "host" ? "host" : run.born.get(end.container)?.netns
  if (typeof ns !== "string") return null
  const link = linkAt(run, ns, end.ifindex)
  if (link === undefined) return null
  if (!isMarkedFor(step, run.stack, link.alias) && !(link.alias === "" && link.group === linkGroupOf(run.stack)))
    return new KernelError(`ip link del ${link.name}`, "ESTALE", "another link has taken its place by now")
  const [answer = null] = run.kernel.net(ns, [{ op: "link-delete", link: end.ifindex }])
  return answer?.errno === "ENODEV" ? null : calling(link.name, end.ifindex, answer)
}

/** The link of that number, read again; undefined where it, or its namespace, is gone. */
export function linkAt(run: Run, ns: NetNs, index: number): Link | undefined {
  try {
    return run.kernel.dump(ns).links.find((l) => l.index === index)
  } catch (error) {
    if (error instanceof KernelError && (error.errno === "ENOENT" || error.errno === "ESRCH")) return undefined
    throw error
  }
}
