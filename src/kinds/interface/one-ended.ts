import type { Address } from "../../base/address.ts"
import type { Link, NetDump, NetNs, NetRequest } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run, Scope } from "../../model/driver.ts"
import { linkGroupOf } from "../../model/ownership.ts"
import type { Attributes, Observed } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { canonicalAddresses } from "../link/addresses.ts"
import { birthName } from "../link/birth-name.ts"
import { observedGroup } from "../link/group.ts"
import { holderOf } from "../link/holder.ts"
import { impairChanges, observedImpair } from "../link/impair.ts"
import { formerOf } from "../link/lent.ts"
import { netnsOf } from "../link/netns.ts"
import { ownerOf } from "../link/owned.ts"
import type { Place } from "../link/places.ts"
import { places } from "../link/places.ts"
import type { StepErrors } from "../link/results.ts"
import { firstError, sendAllLater } from "../link/results.ts"
import { gatewayChanges, gatewaysOf } from "../link/routes.ts"
import { observedPrefixRoutes } from "../link/subnet-routes.ts"
import { calledToo } from "./altnames.ts"
import { bondRequests, observedBond } from "./bond.ts"
import { fdbChanges, observedFdb } from "./fdb.ts"
import { observedMaster } from "./observe-master.ts"
import type { InterfaceAttributes, OneEndedAttributes } from "./spec.ts"
import { isOfContainer, kernelKind, LINK_KINDS } from "./spec-link-kinds.ts"
import { createTap, observedTap } from "./tap.ts"
import { observedWireGuard, setWireGuard } from "./wireguard.ts"

export function isOneEnded({ change }: Step): boolean {
  return ((change.after ?? change.before) as unknown as InterfaceAttributes).link !== undefined
}

import { observedVrfRules, vrfRuleChanges } from "./vrf-rules.ts"

/** The interfaces that have no end on the host, in all containers. One in another container than its mark says is there only to be removed. */
export function observedOneEnded(scope: Scope): Observed[] {
  const found = places(scope).flatMap((place) =>
    place.container === "host" ? [] : place.dump.links.flatMap((link) => (isKnown(link) ? observed(scope, place, link) : [])),
  )
  const whole = new Set(found.filter(({ incomplete }) => incomplete === undefined).map(({ address }) => address))
  return found.filter(({ address, incomplete }) => incomplete === undefined || !whole.has(address))
}

/** A device that is lent may be of any kind. */
function isKnown(link: Link): boolean {
  return (Object.hasOwn(LINK_KINDS, link.kind) || isTap(link)) && formerOf(link) === undefined
}

function isTap({ kind, options }: Link): boolean {
  return kind === kernelKind("tap") && options?.type === "tap"
}

function observed(scope: Scope, place: Place, link: Link): Observed[] {
  const { container, dump } = place
  const address = ownerOf(scope, container, link)
  if (address === undefined || !address.startsWith("interface.")) return []
  const holder = `container.${holderOf(scope, address)}`
  return [
    {
      kind: "interface",
      address,
      name: address.slice("interface.".length),
      attributes: {
        ...insideAttributes(scope, container, dump, link),
        ...(link.kind === "bond" ? observedBond(scope, container, dump, link) : {}),
        ...(link.kind === "wireguard" ? observedWireGuard(scope, container, address, link.index) : {}),
        ...(isTap(link) ? { link: observedTap(scope, container, address, link) } : linkOf(scope, place, link)),
        alias: link.alias,
        ...observedGroup(scope, link),
      },
      ...(holder === container ? {} : { incomplete: `it is in ${container}, and not in ${holder}` }),
      live: { inside: link.index, state: link.state, ...calledToo(scope, address, link) },
    },
  ]
}

/** All but what it is and its mark. */
export function insideAttributes(scope: Scope, container: Address, dump: NetDump, link: Link): Attributes {
  return {
    container,
    interface: link.name,
    address: canonicalAddresses(dump, link.index),
    ...observedPrefixRoutes(dump, link),
    gateway: gatewaysOf(scope, container.slice("container.".length), dump, link.index),
    ...{ mac: link.mac, mtu: link.mtu, up: link.up },
    ...observedMaster(scope, container, dump, link),
    ...observedImpair(link.impair),
    ...observedFdb(link),
    ...observedVrfRules(scope, container, dump, link),
  }
}

/** How often a bond looks after its members is what can be changed of it. */
function linkOf(scope: Scope, place: Place, link: Link): Attributes {
  const { kind, parentBeside, options: { miimon: _, ...options } = {} } = link
  const lower = lowerOf(scope, place, link)
  if (lower === undefined) return { link: { kind, ...(parentBeside && kind === "vxlan" ? { link_netns: "container" } : {}), ...options } }
  const owner = ownerOf(scope, parentBeside ? place.container : "host", lower)
  return { link: { kind, [parentBeside ? "link" : "parent"]: lower.name, ...options }, ...(owner === undefined ? {} : { parent: owner }) }
}

function lowerOf(scope: Scope, { dump }: Place, { parent, parentBeside }: Link): Link | undefined {
  if (parent === undefined) return undefined
  return parentBeside ? dump.links.find(({ index }) => index === parent) : scope.linkByIndex(parent)
}

/** All by one message to the host's namespace, then each gets its name, its mark and its addresses by one to its own. */
export async function createOneEnded(steps: readonly Step[], run: Run): Promise<StepErrors> {
  const messages = steps.filter((step) => wanted(step).link.kind !== "tap")
  const made = await make(messages, run)
  return Promise.all(
    steps.map(async (step) => {
      const at = messages.indexOf(step)
      const failure = at < 0 ? await createTap(step, run, completion(step, run)) : await complete(step, run, made[at] ?? null)
      return failure === null ? null : byItsName(step, run, failure)
    }),
  )
}

async function complete(step: Step, run: Run, refusal: KernelError | null): Promise<KernelError | null> {
  if (refusal !== null) return refusal
  const netns = netnsOf(run, wanted(step).container)
  const untold = setWireGuard(step, run, netns, birthName(run.stack, step.address))
  if (untold !== null) return untold
  const joined = bondRequests(step, run, birthName(run.stack, step.address))
  return firstError(await sendPatiently(run, netns, [...joined, ...completion(step, run)]))
}

/** What was refused because a link that is about to go has the MAC or IP address, and what was refused after it, is asked for again. */
async function sendPatiently(run: Run, netns: NetNs, requests: readonly NetRequest[]): Promise<(KernelError | null)[]> {
  const answers = await run.kernel.netLater(netns, requests)
  for (const pause of PAUSES) {
    if (!answers.some((answer) => answer?.errno === "EADDRINUSE")) break
    await new Promise((resolve) => setTimeout(resolve, pause))
    const refused = answers.flatMap((answer, i) => (answer === null ? [] : i))
    const again = await run.kernel.netLater(
      netns,
      refused.map((i) => requests[i] as NetRequest),
    )
    for (const [n, i] of refused.entries()) answers[i] = again[n] ?? null
  }
  return answers
}

/**
 * Milliseconds. The network namespace of a monitor that has just died is taken apart by a worker of the kernel's own, by and by (cleanup_net() in
 * net/core/net_namespace.c): until then a vxlan in it has its number, and a macvlan its MAC address.
 */
const PAUSES = [10, 40, 160, 640, 1280]

async function make(steps: readonly Step[], run: Run): Promise<StepErrors> {
  const send = async (some: readonly Step[]) => {
    const [outside, inside] = [
      some.filter((step) => !isOfContainer(wanted(step).link)),
      some.filter((step) => isOfContainer(wanted(step).link)),
    ]
    const born = inside.map(async (step) =>
      firstError(await run.kernel.netLater(netnsOf(run, wanted(step).container), [creation(step, run)])),
    )
    const made = sendAllLater(outside, run, "host", (step) => [creation(step, run)])
    const all = new Map([...outside, ...inside].map((step, i) => [step, i]))
    const errors = (await Promise.all([made, ...born])).flat()
    return some.map((step) => errors[all.get(step) as number] ?? null)
  }
  const errors = new Map((await send(steps)).map((error, i) => [steps[i] as Step, error]))
  for (const pause of PAUSES) {
    const again = steps.filter((step) => TAKEN.has(errors.get(step)?.errno ?? ""))
    if (again.length === 0) break
    await new Promise((resolve) => setTimeout(resolve, pause))
    for (const [i, error] of (await send(again)).entries()) errors.set(again[i] as Step, error)
  }
  return steps.map((step) => errors.get(step) ?? null)
}

const TAKEN = new Set(["EEXIST", "EBUSY"])

function wanted({ change }: Step): OneEndedAttributes {
  return change.after as unknown as OneEndedAttributes
}

function creation(step: Step, run: Run): NetRequest {
  const { container, link, mac, mtu } = wanted(step)
  const { kind, parent: ofHost, link: beside, link_netns: _netns, multi_queue: _queue, ...options } = link
  const parent = beside ?? ofHost
  return {
    op: "link-add",
    name: birthName(run.stack, step.address),
    ns: netnsOf(run, container),
    kind,
    options,
    group: linkGroupOf(run.stack),
    ...(parent === undefined ? {} : { parent }),
    ...(mac === undefined ? {} : { mac }),
    ...(mtu === undefined ? {} : { mtu }),
  }
}

function completion(step: Step, run: Run): NetRequest[] {
  const { interface: name, alias } = wanted(step)
  return [{ op: "link-set", link: birthName(run.stack, step.address), name, alias }, ...furnishing(step, run)]
}

/** What a link gets that is there, under its name and with its mark. */
export function furnishing(step: Step, run: Run): NetRequest[] {
  const { interface: link, link: what, address, gateway, up, impair, inside_master: master, fdb } = wanted(step)
  return [
    ...(master === undefined ? [] : [{ op: "link-set", link, master } as const]),
    ...impairChanges(run.kernel, link, undefined, impair),
    ...fdbChanges(link, [], fdb),
    // Those of a namespace that has had a vrf before may be gone.
    ...(what.kind === "vrf" ? vrfRuleChanges({ inet: false, inet6: false }) : []),
    ...address.map((one): NetRequest => ({ op: "address-add", link, address: one })),
    ...(up ? [{ op: "link-set", link, up } as const, ...gatewayChanges(link, [], gateway, address)] : []),
  ]
}

/** The name it is born with is no one's wish. */
function byItsName(step: Step, run: Run, { op, errno, text }: KernelError): KernelError {
  return new KernelError(op.replace(birthName(run.stack, step.address), wanted(step).interface), errno, text)
}
