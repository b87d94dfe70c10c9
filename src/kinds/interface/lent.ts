import type { Link } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run, Scope } from "../../model/driver.ts"
import { addressOfAlias, STACK_ALIAS } from "../../model/ownership.ts"
import type { Observed, Value } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { holderOf } from "../link/holder.ts"
import { formerOf, formerOfHost, formerWords, markOf } from "../link/lent.ts"
import { netnsOf } from "../link/netns.ts"
import type { Place } from "../link/places.ts"
import { places } from "../link/places.ts"
import type { StepErrors } from "../link/results.ts"
import { calling, firstError } from "../link/results.ts"
import { furnishing, insideAttributes } from "./one-ended.ts"
import type { InterfaceAttributes, OneEndedAttributes } from "./spec.ts"

export function isLending({ change }: Step): boolean {
  return (change.after as unknown as InterfaceAttributes | null)?.link?.kind === "phys"
}

/** Devices of the host's that are lent to containers; on the host lies one that came back with its namespace, or never left. */
export function observedLent(scope: Scope): Observed[] {
  return places(scope).flatMap((place) => place.dump.links.flatMap((link) => observed(scope, place, link)))
}

function observed(scope: Scope, place: Place, link: Link): Observed[] {
  const former = formerOf(link)
  const address = addressOfAlias(scope.stack, link.alias)
  if (former === undefined || address === undefined || !address.startsWith("interface.")) return []
  const holder = `container.${holderOf(scope, address)}`
  const where = place.container === "host" ? "the host" : place.container
  const inside = insideAttributes(scope, place.container === "host" ? holder : place.container, place.dump, link)
  return [
    {
      kind: "interface",
      address,
      name: address.slice("interface.".length),
      attributes: { ...inside, link: { kind: "phys", parent: former.name }, alias: markOf(link.alias) },
      ...(holder === place.container ? {} : { incomplete: `the device is in ${where}, and not in ${holder}` }),
      live: {
        ...{ ifindex: link.index, inside: link.index, state: link.state },
        ...{ lent: place.container, former: formerWords(former) as Value },
      },
    },
  ]
}

/** The mark of a lent device, with what it was. */
export function wholeMark({ change }: Step, mark: string): string {
  const { former } = (change.observed?.live ?? {}) as { former?: string }
  return `${mark}${former ?? ""}`
}

/** Each is marked on the host, with what it was, moved by a second message, and gets its addresses by a third: docs/decisions/0025. */
export async function lend(steps: readonly Step[], run: Run): Promise<StepErrors> {
  if (steps.length === 0) return []
  const devices = new Map(run.kernel.dump("host").links.map((link) => [link.name, link]))
  return Promise.all(steps.map((step) => lendOne(step, run, devices)))
}

async function lendOne(step: Step, run: Run, devices: ReadonlyMap<string, Link>): Promise<KernelError | null> {
  const { container, interface: name, link, alias, mac, mtu } = step.change.after as unknown as OneEndedAttributes
  const device = devices.get(link.parent ?? "")
  if (device === undefined) return new KernelError(`ip link set ${link.parent} netns ${name}`, "ENODEV")
  if (device.alias.startsWith(STACK_ALIAS))
    return new KernelError(`ip link set ${link.parent} netns ${name}`, "EBUSY", "a stack has it by now")
  const netns = netnsOf(run, container)
  const send = async (ns: string, requests: Parameters<typeof run.kernel.net>[1]) =>
    calling(link.parent ?? "", device.index, firstError(await run.kernel.netLater(ns, requests)))
  const marked = await send("host", [{ op: "link-set", link: device.index, alias: `${alias}${formerWords(formerOfHost(device))}` }])
  if (marked !== null) return marked
  const own = { ...(mac === undefined ? {} : { mac }), ...(mtu === undefined ? {} : { mtu }) }
  const moved = await send("host", [{ op: "link-set", link: device.index, ns: netns, name, ...own }])
  return moved ?? (await send(netns, furnishing(step, run)))
}
