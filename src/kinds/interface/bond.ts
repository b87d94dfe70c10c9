import type { Address } from "../../base/address.ts"
import type { Link, LinkRef, NetDump, NetRequest } from "../../kernel/kernel.ts"
import type { Run, Scope } from "../../model/driver.ts"
import type { Attributes } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { netnsOf } from "../link/netns.ts"
import { ownerOf } from "../link/owned.ts"
import { insideAddress } from "./relations.ts"
import type { InterfaceAttributes } from "./spec.ts"

/** What is read of a bond beside its mode. What the container itself has put into it is its own affair. */
export function observedBond(scope: Scope, container: Address, { links }: NetDump, { index, options }: Link): Attributes {
  const members = links.filter((link) => link.master === index && ownerOf(scope, container, link)?.startsWith("interface.") === true)
  return { bond: { miimon: Number(options?.miimon ?? 0), members: members.map(({ name }) => name).sort() } }
}

/** What makes a bond what it is to be, by what is in it now; nothing for a step that changes nothing of it. `bond`: how it is called by now. */
export function bondRequests({ change }: Step, run: Run, bond: LinkRef): NetRequest[] {
  const { bond: want, container, mac } = change.after as unknown as InterfaceAttributes
  const changed = (path: string) => change.action !== "update" || change.fields.some((field) => field.path === path)
  if (want === undefined || !(changed("bond.miimon") || changed("bond.members"))) return []
  const set: NetRequest[] = changed("bond.miimon") ? [{ op: "link-set", link: bond, bond: { miimon: want.miimon } }] : []
  if (!changed("bond.members")) return set
  const { links } = run.kernel.dump(netnsOf(run, container))
  const index = typeof bond === "number" ? bond : links.find(({ name }) => name === bond)?.index
  const inIt = new Set(links.filter(({ master }) => master === index && index !== undefined).map(({ name }) => name))
  const before = change.action === "update" ? ((change.before as unknown as InterfaceAttributes).bond?.members ?? []) : []
  const leaving = before.filter((name) => inIt.has(name) && !want.members.includes(name))
  const joining = want.members.filter((name) => !inIt.has(name))
  // One that the last member has left is given a MAC address by chance, and then takes over that of the first to come. __bond_release_one()
  const own: NetRequest[] = mac === undefined ? [] : [{ op: "link-set", link: bond, mac }]
  return [
    ...set,
    ...(inIt.size === 0 ? own : []),
    ...joining.flatMap((link): NetRequest[] => [...joiningRequests(link, bond), ...upAgain(run, container, link, false)]),
    ...leaving.flatMap((link): NetRequest[] => [{ op: "link-set", link, master: 0 }, ...upAgain(run, container, link, true)]),
    ...(want.members.length === 0 ? own : []),
  ]
}

/** A bond takes in what is down, and has it up. */
function joiningRequests(link: LinkRef, bond: LinkRef): NetRequest[] {
  return [
    { op: "link-set", link, up: false },
    { op: "link-set", link, master: bond },
  ]
}

/** A link as it is to be, where the kernel has left it otherwise: `up` when it is let go, down when it is taken in. */
function upAgain({ desired }: Run, container: Address, link: string, when: boolean): NetRequest[] {
  const address = insideAddress(container, link)
  const wanted = desired.resources.find((one) => one.address === address)?.attributes.up
  return wanted === when ? [{ op: "link-set", link, up: when }] : []
}

/** The requests that change a link. Its MAC address is nobody's but its own only outside of the bond that it is in: it goes out for that, and in again if it is to stay. */
export function outsideItsBond(step: Step, run: Run, link: LinkRef, requests: readonly NetRequest[]): readonly NetRequest[] {
  const { container, interface: name, up } = step.change.after as unknown as InterfaceAttributes
  if (!step.change.fields.some(({ path }) => path === "mac") || !isInBond(run, container, link)) return requests
  const bond = bondOf(run, container, name)
  const back: NetRequest[] = bond === undefined ? [] : joiningRequests(link, bond)
  return [{ op: "link-set", link, master: 0 }, ...requests, ...back, { op: "link-set", link, up }]
}

function isInBond(run: Run, container: Address, link: LinkRef): boolean {
  const { links } = run.kernel.dump(netnsOf(run, container))
  const master = links.find(({ index }) => index === link)?.master
  return links.find(({ index }) => index === master)?.kind === "bond"
}

function bondOf({ desired }: Run, container: Address, name: string): string | undefined {
  const others = desired.resources.map(({ attributes }) => attributes as unknown as InterfaceAttributes)
  return others.find((other) => other.container === container && other.bond?.members.includes(name))?.interface
}
