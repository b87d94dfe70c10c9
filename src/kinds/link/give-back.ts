import type { Link, NetNs, NetRequest } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"
import { linksAt } from "./delete-end.ts"
import type { Former } from "./lent.ts"
import { formerOf } from "./lent.ts"
import { isMarkedFor } from "./mark.ts"
import { calling, firstError } from "./results.ts"

/** True of a step whose link is a device of the host's: it is given back, and never deleted. */
export function isLent(step: Step): boolean {
  return typeof step.change.observed?.live.lent === "string"
}

/**
 * `ip link set ext0 netns host name eth1 …`: back to the host, under its former name, with all else that it was. The mark goes last, in
 * the same message: where the name is taken by now, the device is on the host and still bears it. What is gone with its namespace is gone.
 */
export function giveBack(step: Step, run: Run): KernelError | null {
  const { lent, ifindex } = (step.change.observed?.live ?? {}) as { lent: string; ifindex: number }
  const { ns, links } = linksAt(run, lent)
  const link = links.find((one) => one.index === ifindex)
  if (ns === undefined || link === undefined) return null
  const former = formerOf(link)
  if (former === undefined || !isMarkedFor(step, run.stack, link.alias))
    return new KernelError(`ip link set ${link.name} netns host`, "ESTALE", "another link has taken its place by now")
  return calling(link.name, ifindex, firstError(run.kernel.net(ns, requests(ns, link, former))))
}

function requests(ns: NetNs, link: Link, { name, up, mtu, mac, alias }: Former): NetRequest[] {
  const back: NetRequest = {
    ...{ op: "link-set", link: link.index, name, alias, up },
    ...(ns === "host" ? {} : { ns: "host" }),
    ...(mtu === link.mtu ? {} : { mtu }),
    ...(mac === link.mac || mac === "" ? {} : { mac }),
  }
  // Kernels before 6.2 rename no link that is up.
  return ns === "host" ? [{ op: "link-set", link: link.index, up: false }, back] : [back]
}
