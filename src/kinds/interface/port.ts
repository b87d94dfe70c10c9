import type { PortOptions, PortState } from "../../base/bridge-options.ts"
import { PORT_DEFAULTS, PORT_OPTIONS, unusual } from "../../base/bridge-options.ts"
import { pause } from "../../base/pause.ts"
import { vlanChanges } from "../../base/vlans.ts"
import type { Link, LinkRef, NetRequest } from "../../kernel/kernel.ts"
import type { Run, Scope } from "../../model/driver.ts"
import type { Attributes } from "../../model/resource.ts"
import type { BridgeAttributes } from "../bridge/spec.ts"
import { usualVlans } from "./expand-port.ts"
import type { PortAttributes } from "./spec.ts"

/** What is read of a port beside its link. */
export function observedPort({ vlans }: Link): Attributes {
  return vlans === undefined ? {} : { vlans }
}

/**
 * What a port does with frames that somebody has shut: the kernel opens one as soon as it is up, has a carrier, and its bridge is up. Where there is a
 * spanning tree it decides; but it disables only what is guarded from its messages (br_stp_rcv()).
 */
export function observedState(scope: Scope, { index, up, state, master, port, port_state }: Link): { state?: PortState } {
  if (port_state === undefined || !up || state !== "up") return {}
  const lan = scope.linkByIndex(master)
  if (!lan?.up || lan.bridge === undefined) return {}
  const isDecided = lan.bridge.stp && (port_state !== "disabled" || port?.guard === true)
  return isDecided || (ON_THE_WAY.has(port_state) && !isStill(scope, index, port_state)) ? {} : { state: port_state }
}

/** From these a port goes on by itself when its timer ends. br_forward_delay_timer_expired() */
const ON_THE_WAY: ReadonlySet<PortState> = new Set(["listening", "learning"])
/** The kernel tells what is left of that timer in hundredths of a second: of less than one, that there is none. */
const TIMER_MS = 50

/** Read once more for each observation, for all such ports. */
const AGAIN = new WeakMap<Scope, ReadonlyMap<number, Link>>()

function isStill(scope: Scope, index: number, state: PortState): boolean {
  const again = AGAIN.get(scope) ?? linksAgain(scope)
  AGAIN.set(scope, again)
  return again.get(index)?.port_state === state
}

function linksAgain({ kernel }: Scope): ReadonlyMap<number, Link> {
  pause(TIMER_MS)
  return new Map(kernel.dump("host").links.map((link) => [link.index, link]))
}

/** What makes a new port of its bridge what it is to be; nothing where it is as every port. */
export function portCreation(link: LinkRef, want: PortAttributes, run: Run): NetRequest[] {
  const port = unusual(PORT_DEFAULTS, want.host_end)
  return [...portSet(link, port), ...vlanRequests(link, undefined, want, run)]
}

/**
 * A port that comes to another bridge is one as every other there. In which VLANs one is is not told while its bridge looks at none, and may be
 * any: by now the bridge does, and `live` tells.
 */
export function portUpdate(
  link: LinkRef,
  have: Partial<PortAttributes>,
  want: PortAttributes,
  changed: ReadonlySet<string>,
  run: Run,
  live: () => readonly Link[],
): NetRequest[] {
  if (changed.has("master") || changed.has("bridge")) return isOffItsBridge(want) ? [] : portCreation(link, want, run)
  const all: PortOptions = { ...PORT_DEFAULTS, ...unusual(PORT_DEFAULTS, want.host_end) }
  const options = PORT_OPTIONS.filter((option) => changed.has(`host_end.${option}`))
  const port = Object.fromEntries(options.map((option) => [option, all[option]])) as PortOptions
  const now = () => have.vlans ?? live().find(({ index }) => index === link)?.vlans
  const vlans = changed.has("vlans") ? vlanRequests(link, now(), want, run) : []
  const isOpened = changed.has("host_end.state") && want.host_end.state === undefined
  const again = isOpened ? openAgain(link, all, bridgeOf(want, run).stp === true) : []
  return [...portSet(link, port), ...again, ...vlans]
}

/**
 * The kernel takes no word about it where a spanning tree is by now, but opens what is shut with any other word about it, for the tree to decide:
 * br_port_carrier_check().
 */
function openAgain(link: LinkRef, { learning = true }: PortOptions, stp: boolean): NetRequest[] {
  return stp ? portSet(link, { learning }) : [{ op: "port-state", link, state: "forwarding" }]
}

/** As somebody had left it, and it is given back. */
function isOffItsBridge({ master }: Partial<PortAttributes>): boolean {
  return master === undefined
}

function portSet(link: LinkRef, port: PortOptions): NetRequest[] {
  return Object.keys(port).length === 0 ? [] : [{ op: "link-set", link, port }]
}

/** What the bridge of a port is to be like. */
export function bridgeOf({ bridge }: PortAttributes, { desired }: Run): Partial<BridgeAttributes> {
  return (desired.resources.find(({ address }) => address === bridge)?.attributes ?? {}) as Partial<BridgeAttributes>
}

function bornWith(port: PortAttributes, run: Run): string[] {
  return usualVlans(bridgeOf(port, run))
}

/** `have` undefined: it is in those that a new port of its bridge is in. */
function vlanRequests(link: LinkRef, have: readonly string[] | undefined, want: PortAttributes, run: Run): NetRequest[] {
  if (want.vlans === undefined) return []
  const { remove, add } = vlanChanges(have ?? bornWith(want, run), want.vlans)
  return [
    ...remove.map((vlan): NetRequest => ({ op: "vlan-delete", link, vlan })),
    ...add.map((vlan): NetRequest => ({ op: "vlan-add", link, vlan })),
  ]
}
