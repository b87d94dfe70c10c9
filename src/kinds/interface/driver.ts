import type { Link, NetDump, NetRequest } from "../../kernel/kernel.ts"
import type { Driver, Run, Scope } from "../../model/driver.ts"
import { linkGroupOf } from "../../model/ownership.ts"
import type { Attributes, Observed } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { addressChanges, canonicalAddresses, keptWhenDown } from "../link/addresses.ts"
import { deleteLinks } from "../link/delete.ts"
import { observedGroup } from "../link/group.ts"
import { holderOf } from "../link/holder.ts"
import { impairChanges, observedImpair } from "../link/impair.ts"
import { formerOf } from "../link/lent.ts"
import { netnsOf } from "../link/netns.ts"
import type { OwnedLink } from "../link/owned.ts"
import { foreignLinks, mtuOf, ownedLinks, ownerOf } from "../link/owned.ts"
import type { Renaming } from "../link/rename.ts"
import { renameAll } from "../link/rename.ts"
import type { StepErrors } from "../link/results.ts"
import { calling, eitherError, firstError, ofMade, sendAll, sendAllLater, settledLater } from "../link/results.ts"
import { gatewayChanges, gatewaysOf } from "../link/routes.ts"
import { observedPrefixRoutes, sendRouted, setPrefixRoutes } from "../link/subnet-routes.ts"
import { besides, calledToo } from "./altnames.ts"
import { bondRequests, outsideItsBond } from "./bond.ts"
import { fdbChanges } from "./fdb.ts"
import { isLending, lend, observedLent, wholeMark } from "./lent.ts"
import { loneEnds } from "./lone-ends.ts"
import { observedMaster } from "./observe-master.ts"
import { createOneEnded, isOneEnded, observedOneEnded } from "./one-ended.ts"
import { observedPort, observedState, portCreation, portUpdate } from "./port.ts"
import { shutPorts } from "./shut.ts"
import type { InterfaceAttributes, PortAttributes } from "./spec.ts"
import { vrfRuleChanges } from "./vrf-rules.ts"
import { setWireGuard } from "./wireguard.ts"

/** A veth pair between a bridge and a container, veth(4), or a link with one end. */
export const interfaceDriver: Driver = {
  name: "interface",
  // What containers' namespaces say is waited for last: a thread goes round them meanwhile.
  observe: (scope) => () => {
    const ports = ownedLinks(scope, "interface").filter(({ link }) => formerOf(link) === undefined)
    const whole = ports.map((owned) => observed(scope, owned))
    const others = [...loneEnds(scope, whole), ...observedOneEnded(scope), ...observedLent(scope)]
    return { resources: [...whole, ...others], foreign: foreignLinks(scope, "interface") }
  },
  ops: {
    create: (steps, run) => settledLater(steps, create(steps, run)),
    update: (steps, run) => settledLater(steps, shutPorts(steps, run, update(steps, run))),
    delete: deleteLinks,
  },
}

// ------------------------------------------------------------------ observe

function observed(scope: Scope, { link, address, incomplete }: OwnedLink): Observed {
  const name = address.slice("interface.".length)
  const container = holderOf(scope, address)
  const dump = scope.dumpOf(container)
  const inside = dump?.links.find((l) => l.kind === "veth" && l.index === link.peerIndex && l.peerIndex === link.index)
  const missing = incomplete ?? (inside === undefined ? `its end in container.${container} is not there` : undefined)
  return {
    kind: "interface",
    address,
    name,
    attributes: {
      container: `container.${container}`,
      host_interface: link.name,
      alias: link.alias,
      ...observedGroup(scope, link),
      ...masterOf(scope, link),
      ...(dump !== undefined && inside !== undefined ? insideAttributes(scope, container, dump, inside) : {}),
      ...(inside === undefined ? {} : { mtu: mtuOf(scope, address, [inside, link]) }),
      host_end: {
        ...{ mac: link.mac, address: canonicalAddresses(scope.host, link.index), up: link.up },
        ...observedImpair(link.impair),
        ...link.port,
        ...observedState(scope, link),
      },
      ...observedPort(link),
    },
    ...(missing === undefined ? {} : { incomplete: missing }),
    live: { ifindex: link.index, inside: inside?.index ?? 0, state: link.state, ...calledToo(scope, address, inside, link) },
  }
}

/** The bridge it is a port of: by its mark, else only the kernel's name. */
function masterOf(scope: Scope, link: Link): Attributes {
  const master = scope.linkByIndex(link.master)
  if (master === undefined) return {}
  const bridge = ownerOf(scope, "host", master)
  return { master: master.name, ...(bridge?.startsWith("bridge.") ? { bridge } : {}) }
}

function insideAttributes(scope: Scope, container: string, dump: NetDump, inside: Link): Attributes {
  return {
    interface: inside.name,
    address: canonicalAddresses(dump, inside.index),
    ...observedPrefixRoutes(dump, inside),
    gateway: gatewaysOf(scope, container, dump, inside.index),
    mac: inside.mac,
    up: inside.up,
    ...observedMaster(scope, `container.${container}`, dump, inside),
    ...observedImpair(inside.impair),
  }
}

// -------------------------------------------------------------------- apply

function create(steps: readonly Step[], run: Run): Promise<StepErrors> {
  return steps.some(isOneEnded) ? createBoth(steps, run) : createPorts(steps, run)
}

async function createBoth(steps: readonly Step[], run: Run): Promise<StepErrors> {
  const [ports, lent] = [steps.filter((step) => !isOneEnded(step)), steps.filter(isLending)]
  const others = steps.filter((step) => isOneEnded(step) && !isLending(step))
  const errors = (await Promise.all([createPorts(ports, run), createOneEnded(others, run), lend(lent, run)])).flat()
  const all = new Map([...ports, ...others, ...lent].map((step, i) => [step, errors[i] ?? null]))
  return steps.map((step) => all.get(step) ?? null)
}

/**
 * All pairs by one message to the host's namespace, their marks by another, then each container's end by one to its own, while the next containers are
 * spawned.
 */
async function createPorts(steps: readonly Step[], run: Run): Promise<StepErrors> {
  const made = await sendAllLater(steps, run, "host", (step) => [creation(step, run)])
  const marked = await sendAllLater(
    steps,
    run,
    "host",
    ofMade(steps, made, (step) => [mark(step), ...portImpair(step, run), ...portOptions(step, run)]),
  )
  const outer = eitherError(made, marked)
  const errors = await Promise.all(
    steps.map(
      async (step, i) => outer[i] ?? firstError(await run.kernel.netLater(netnsOf(run, containerOf(step)), insideCreation(step, run))),
    ),
  )
  return shutPorts(steps, run, errors)
}

function containerOf(step: Step): string {
  return ((step.change.after ?? step.change.before) as unknown as InterfaceAttributes).container
}

function creation(step: Step, run: Run): NetRequest {
  const want = step.change.after as unknown as PortAttributes
  const group = linkGroupOf(run.stack)
  const { mac, mtu, host_end } = want
  return {
    op: "veth-add",
    end: { name: want.host_interface, mac: host_end.mac, mtu, group, master: want.master, up: true },
    peer: { name: want.interface, ns: netnsOf(run, want.container), mac, mtu, group },
  }
}

function mark(step: Step): NetRequest {
  const { host_interface, alias } = step.change.after as unknown as PortAttributes
  return { op: "link-set", link: host_interface, alias }
}

function portOptions(step: Step, run: Run): NetRequest[] {
  const want = step.change.after as unknown as PortAttributes
  return portCreation(want.host_interface, want, run)
}

/** Before the container has an address: nothing gets through unimpaired. */
function portImpair(step: Step, run: Run): NetRequest[] {
  const { host_interface, host_end } = step.change.after as unknown as PortAttributes
  return impairChanges(run.kernel, host_interface, undefined, host_end.impair)
}

function insideCreation(step: Step, run: Run): NetRequest[] {
  const want = step.change.after as unknown as InterfaceAttributes
  const link = want.interface
  return [
    ...(want.inside_master === undefined ? [] : [{ op: "link-set", link, master: want.inside_master } as const]),
    ...impairChanges(run.kernel, link, undefined, want.impair),
    ...want.address.map((address): NetRequest => ({ op: "address-add", link, address })),
    ...(want.up ? [{ op: "link-set", link, up: true } as const] : []),
    ...(want.up ? gatewayChanges(link, [], want.gateway, want.address) : []),
  ]
}

function update(steps: readonly Step[], run: Run): StepErrors {
  let links: readonly Link[] | undefined
  const live = () => {
    links ??= run.kernel.dump("host").links
    return links
  }
  const outer = renameAll(steps, run, "host", hostRenaming, (renamed) =>
    sendAll(
      steps,
      run,
      "host",
      ofMade(steps, renamed, (step) => hostUpdate(step, run, live)),
    ),
  )
  return steps.map((step, i) => {
    const { ifindex, inside } = (step.change.observed?.live ?? {}) as { ifindex: number; inside: number }
    const have = step.change.before as unknown as InterfaceAttributes
    if (outer[i]) return calling(have.host_interface ?? "", ifindex, outer[i])
    const netns = netnsOf(run, containerOf(step))
    const [done = null] = renameAll([step], run, netns, insideRenaming, ([failure = null]) => [
      failure ??
        firstError(sendRouted(run.kernel, netns, outsideItsBond(step, run, inside, insideUpdate(step, run)))) ??
        (hasChanged(step, "prefix_routes") ? setPrefixRoutes(run.kernel, netns, inside, step.change.after?.prefix_routes) : null) ??
        setWireGuard(step, run, netns, inside),
    ])
    return calling(have.interface, inside, done)
  })
}

function hasChanged({ change }: Step, field: string): boolean {
  return change.fields.some(({ path }) => path === field)
}

function hostRenaming(step: Step): Renaming | undefined {
  const { host_interface: name, alias, altnames } = step.change.after as unknown as PortAttributes
  if (!hasChanged(step, "host_interface")) return undefined
  return { link: step.change.observed?.live.ifindex as number, name, alias, ...besides(altnames?.port) }
}

function insideRenaming(step: Step): Renaming | undefined {
  const { interface: name, alias, altnames } = step.change.after as unknown as InterfaceAttributes
  if (!hasChanged(step, "interface")) return undefined
  const mark = isOneEnded(step) ? { alias: wholeMark(step, alias) } : {}
  return { link: step.change.observed?.live.inside as number, name, ...mark, ...besides(altnames?.inside) }
}

function hostUpdate(step: Step, run: Run, live: () => readonly Link[]): NetRequest[] {
  if (isOneEnded(step)) return []
  const want = step.change.after as unknown as PortAttributes
  const have = step.change.before as unknown as PortAttributes
  const changed = new Set(step.change.fields.map((f) => f.path))
  const link = step.change.observed?.live.ifindex as number
  const set: NetRequest & { op: "link-set" } = { op: "link-set", link }
  if (changed.has("alias") && !changed.has("host_interface")) set.alias = want.alias
  if (changed.has("group")) set.group = want.group ?? linkGroupOf(run.stack)
  if (changed.has("master") || changed.has("bridge")) set.master = (want as Partial<PortAttributes>).master ?? 0
  if (changed.has("mtu")) set.mtu = want.mtu
  if (changed.has("host_end.mac")) set.mac = want.host_end.mac
  if (changed.has("host_end.up")) set.up = want.host_end.up
  return [
    ...(Object.keys(set).length > 2 ? [set] : []),
    ...portUpdate(link, have, want, changed, run, live),
    ...impairChanges(run.kernel, link, have.host_end.impair, want.host_end.impair),
    ...addressChanges(link, have.host_end.address, want.host_end.address),
  ]
}

function insideUpdate(step: Step, run: Run): NetRequest[] {
  const want = step.change.after as unknown as InterfaceAttributes
  const have = step.change.before as unknown as Partial<InterfaceAttributes>
  const changed = new Set(step.change.fields.map((f) => f.path))
  const link = step.change.observed?.live.inside as number
  const set: NetRequest & { op: "link-set" } = { op: "link-set", link }
  if (isOneEnded(step) && changed.has("alias") && !changed.has("interface")) set.alias = wholeMark(step, want.alias)
  if (isOneEnded(step) && changed.has("group")) set.group = want.group ?? linkGroupOf(run.stack)
  if (changed.has("mtu") && want.mtu !== undefined) set.mtu = want.mtu
  if (changed.has("mac") && want.mac !== undefined) set.mac = want.mac
  if (changed.has("up")) set.up = want.up
  // A link that was down has lost its routes, one whose last address goes loses them now: the gateway is set again.
  const gateways = want.up ? gatewayChanges(link, have.gateway ?? [], want.gateway, want.address) : []
  const address = set.up === false ? keptWhenDown(have.address ?? []) : (have.address ?? [])
  return [
    ...(Object.keys(set).length > 2 ? [set] : []),
    ...impairChanges(run.kernel, link, have.impair, want.impair),
    ...fdbChanges(link, have.fdb, want.fdb),
    ...bondRequests(step, run, link),
    ...vrfRuleChanges(have.l3mdev, want.l3mdev),
    ...addressChanges(link, address, want.address),
    ...gateways,
  ]
}
