import type { Address } from "../../base/address.ts"
import { BRIDGE_DEFAULTS, BRIDGE_OPTIONS, unusual } from "../../base/bridge-options.ts"
import { regainsIpv6 } from "../../base/ip.ts"
import type { BridgeOptions, KernelError, Link, NetRequest } from "../../kernel/kernel.ts"
import { KernelError as Refusal } from "../../kernel/kernel.ts"
import type { Driver, Run, Scope } from "../../model/driver.ts"
import type { Adoption, Import } from "../../model/imports.ts"
import { linkGroupOf } from "../../model/ownership.ts"
import type { Observed } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { addressChanges, canonicalAddresses, keptWhenDown } from "../link/addresses.ts"
import { unmarkedLink } from "../link/adoptable.ts"
import { altnameOf } from "../link/altname.ts"
import { deleteLinks } from "../link/delete.ts"
import { observedGroup } from "../link/group.ts"
import type { OwnedLink } from "../link/owned.ts"
import { foreignLinks, ownedLinks, ownerOf } from "../link/owned.ts"
import type { Renaming } from "../link/rename.ts"
import { renameAll } from "../link/rename.ts"
import type { StepErrors } from "../link/results.ts"
import { calling, eitherError, ofMade, sendAll, settled } from "../link/results.ts"
import { observedPrefixRoutes, setPrefixRoutes } from "../link/subnet-routes.ts"
import { heedRouters } from "./router-advertisements.ts"
import type { BridgeAttributes } from "./spec.ts"

/** ETH_MIN_MTU */
const SMALLEST_MTU = 68

/** A bridge of the host's network namespace. https://docs.kernel.org/networking/bridge.html */
export const bridgeDriver: Driver = {
  name: "bridge",
  observe(scope) {
    const resources = ownedLinks(scope, "bridge").map((owned) => observed(scope, owned))
    // What is in the containers' namespaces may be on its way yet.
    return () => ({ resources, foreign: foreignLinks(scope, "bridge") })
  },
  adoptable,
  ops: {
    create: (steps, run) => settled(steps, create(steps, run)),
    update: (steps, run) =>
      settled(
        steps,
        update(steps, run).map((error, i) => withName(steps[i] as Step, error)),
      ),
    delete: deleteLinks,
  },
}

function observed(scope: Scope, { link, address, incomplete }: OwnedLink): Observed {
  return {
    kind: "bridge",
    address,
    name: address.slice("bridge.".length),
    attributes: attributesOf(scope, address, link),
    ...(incomplete === undefined ? {} : { incomplete }),
    ...foreignPorts(scope, link),
    live: { ifindex: link.index, interface: link.name, state: link.state, ...calledToo(scope, address, link) },
  }
}

function calledToo(scope: Scope, address: Address, link: Link): Observed["live"] {
  const altname = altnameOf(link, scope.resource(address)?.attributes.interface)
  return altname === undefined ? {} : { altname }
}

/** The group goes along with the attributes, for one that is given back: no rule looks at it. */
function adoptable(scope: Scope, entry: Import, live: Observed | undefined): Adoption | undefined {
  if (live !== undefined) return undefined
  const found = unmarkedLink(scope, entry, "bridge")
  if ("problem" in found) return { entry, ...found }
  const as = observed(scope, { link: found.link, address: entry.to })
  return { entry, observed: { ...as, attributes: { ...as.attributes, unmarked_group: found.link.group } } }
}

/** A bridge that goes lets go of its ports. */
function foreignPorts(scope: Scope, { index }: Link): Pick<Observed, "occupied"> {
  const ports = scope.host.links.filter((link) => link.master === index && ownerOf(scope, "host", link) === undefined)
  if (ports.length === 0) return {}
  const names = ports.map(
    (port) => `link ${port.name} (index ${port.index}, ${port.kind || "device"}), ${ownership(port)}, is a port of it`,
  )
  return { occupied: { by: names, hint: "take it off the bridge (`ip link set NAME nomaster`), or delete it" } }
}

function ownership({ alias }: Link): string {
  return alias === "" ? "which bears no mark of a stack" : `which is marked "${alias}"`
}

function attributesOf(scope: Scope, address: Address, link: Link): Observed["attributes"] {
  const { name, alias, mtu, mac, up, bridge } = link
  return {
    ...untold(scope, address, link),
    interface: name,
    alias,
    ...observedGroup(scope, link),
    address: canonicalAddresses(scope.host, link.index),
    ...observedPrefixRoutes(scope.host, link),
    mtu,
    mac,
    up,
    ...optionsOf(bridge),
  }
}

function optionsOf(bridge: Link["bridge"]): Observed["attributes"] {
  if (bridge === undefined) return {}
  const { stp, vlan_filtering, ageing_time, ...others } = bridge
  return { stp, vlan_filtering, ...(ageing_time === undefined ? {} : { ageing_time }), ...unusual(BRIDGE_DEFAULTS, others) }
}

/** Times that the kernel does not tell for now are taken to be as wanted: they come back with the end of the topology change, or of another's root. */
function untold(scope: Scope, address: Address, { bridge }: Link): Observed["attributes"] {
  const wanted = scope.resource(address)?.attributes
  if (wanted === undefined || bridge === undefined) return {}
  const absent = TIMES.filter((time) => bridge[time] === undefined && wanted[time] !== undefined)
  return Object.fromEntries(absent.map((time) => [time, wanted[time] as number]))
}

const TIMES = ["ageing_time", "forward_delay", "hello_time", "max_age"] as const

function create(steps: readonly Step[], run: Run): StepErrors {
  const made = sendAll(steps, run, "host", (step) => [creation(step, run)]).map((error, i) => withWantedMtu(steps[i] as Step, error))
  const closed = heedRouters(steps, run.kernel, made, () => true)
  const completed = sendAll(steps, run, "host", ofMade(steps, closed, completion))
  return eitherError(closed, completed)
}

function creation(step: Step, run: Run): NetRequest {
  const want = step.change.after as unknown as BridgeAttributes
  const { interface: name, mac, mtu, up, ageing_time, stp, vlan_filtering } = want
  const { accept_ra: _, ...options } = unusual(BRIDGE_DEFAULTS, want)
  const bridge = { ageing_time, stp, vlan_filtering, ...options }
  return { op: "bridge-add", name, group: linkGroupOf(run.stack), mac, mtu: otherMtu(mtu), up, bridge }
}

function completion(step: Step): NetRequest[] {
  const { interface: name, alias, mtu, address } = step.change.after as unknown as BridgeAttributes
  return [{ op: "link-set", link: name, alias, mtu }, ...address.map((a): NetRequest => ({ op: "address-add", link: name, address: a }))]
}

/**
 * A bridge follows the smallest mtu of its ports until someone has changed its own (br_change_mtu in net/bridge): setting the
 * value it has already is no change, and neither is the value it is born with.
 */
function otherMtu(mtu: number): number {
  const smaller = mtu - 1
  return smaller < SMALLEST_MTU || regainsIpv6(smaller, mtu) ? mtu + 1 : smaller
}

/** The mtu it is born with is no one's wish. */
function withWantedMtu({ change }: Step, error: KernelError | null): KernelError | null {
  const { mtu } = change.after as unknown as BridgeAttributes
  if (error === null) return null
  return new Refusal(error.op.replace(` mtu ${otherMtu(mtu)} `, ` mtu ${mtu} `), error.errno, error.text)
}

function withName({ change }: Step, error: KernelError | null): KernelError | null {
  const { ifindex, interface: name } = (change.observed?.live ?? {}) as { ifindex: number; interface: string }
  return calling(name, ifindex, error)
}

/** What bears no mark is never changed: what is adopted gets one first. */
function update(steps: readonly Step[], run: Run): StepErrors {
  const marked = sendAll(steps, run, "host", (step) => (step.change.adopts === undefined ? [] : [markOf(step, run)]))
  const refused = new Set(steps.filter((_, i) => marked[i] !== null))
  const isReady = (step: Step) => (refused.has(step) ? undefined : renaming(step))
  return renameAll(steps, run, "host", isReady, (renamed) => reshaped(steps, run, eitherError(marked, renamed)))
}

/** `ready`: those that bear mark and name. */
function reshaped(steps: readonly Step[], run: Run, ready: StepErrors): StepErrors {
  const heard = heedRouters(steps, run.kernel, ready, ({ change }) => change.fields.some(({ path }) => path === "accept_ra"))
  const changed = sendAll(
    steps,
    run,
    "host",
    ofMade(steps, heard, (step) => changes(step, run)),
  )
  const heardAgain = heedRouters(steps, run.kernel, eitherError(heard, changed), getsIpv6Back)
  return heardAgain.map((error, i) => error ?? restored(steps[i] as Step, run))
}

function getsIpv6Back({ change }: Step): boolean {
  return regainsIpv6((change.before as unknown as BridgeAttributes).mtu, (change.after as unknown as BridgeAttributes).mtu)
}

function restored({ change }: Step, { kernel }: Run): KernelError | null {
  const isLost = change.fields.some(({ path }) => path === "prefix_routes")
  return isLost ? setPrefixRoutes(kernel, "host", change.observed?.live.ifindex as number, change.after?.prefix_routes) : null
}

function markOf({ change }: Step, { stack }: Run): NetRequest {
  const { alias } = change.after as unknown as BridgeAttributes
  return { op: "link-set", link: change.observed?.live.ifindex as number, alias, group: linkGroupOf(stack) }
}

function renaming({ change }: Step): Renaming | undefined {
  const { interface: name, alias, altname } = change.after as unknown as BridgeAttributes
  const isRenamed = change.fields.some(({ path }) => path === "interface")
  const besides = altname === undefined ? {} : { altname }
  return isRenamed ? { link: change.observed?.live.ifindex as number, name, alias, ...besides } : undefined
}

function changes(step: Step, run: Run): NetRequest[] {
  const want = step.change.after as unknown as BridgeAttributes
  const have = step.change.before as unknown as BridgeAttributes
  const changed = new Set(step.change.fields.map((f) => f.path))
  const link = step.change.observed?.live.ifindex as number
  const set: NetRequest & { op: "link-set" } = { op: "link-set", link }
  if (changed.has("alias") && !changed.has("interface")) set.alias = want.alias
  if (changed.has("alias") || changed.has("group")) set.group = want.unmarked_group ?? want.group ?? linkGroupOf(run.stack)
  if (changed.has("mtu")) set.mtu = want.mtu
  if (changed.has("mac")) set.mac = want.mac
  if (changed.has("up")) set.up = want.up
  const { accept_ra: _, ...bridge } = changedOptions(want, changed)
  if (Object.keys(bridge).length > 0) set.bridge = bridge
  const addresses =
    changed.has("address") || changed.has("up")
      ? addressChanges(link, set.up === false ? keptWhenDown(have.address) : have.address, want.address)
      : []
  return Object.keys(set).length > 2 ? [...firstOf(set, link), set, ...addresses] : addresses
}

/** One that is not said any more goes back to what it is born with. */
function changedOptions(want: BridgeAttributes, changed: ReadonlySet<string>): BridgeOptions {
  const all: BridgeOptions = { ...BRIDGE_DEFAULTS, ...want }
  const stops = changed.has("stp") && !want.stp
  const known = ["ageing_time", "stp", "vlan_filtering", ...BRIDGE_OPTIONS] as const
  const keys = known.filter((key) => changed.has(key) || (stops && key === "ageing_time"))
  return Object.fromEntries(keys.map((key) => [key, all[key]]))
}

/**
 * The kernel takes times before the spanning tree: while that is on, no delay that only a bridge without may have (br_changelink()). And one that
 * stops in the midst of a topology change leaves the ageing time shortened.
 */
function firstOf({ bridge }: NetRequest & { op: "link-set" }, link: number): NetRequest[] {
  return bridge?.stp === false ? [{ op: "link-set", link, bridge: { stp: false } }] : []
}
