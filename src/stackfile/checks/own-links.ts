import { withArticle } from "../../base/article.ts"
import { WITHOUT_MAC } from "../../kinds/interface/spec-link-kinds.ts"
import { mtuProblem } from "../../kinds/interface/spec-mtu.ts"
import type { OwnLink } from "../own-links.ts"
import { lyingIn, ownLinks } from "../own-links.ts"
import type { Draft, DraftContainer, DraftInterface } from "../resolve.ts"

type Links = ReadonlyMap<string, OwnLink>

/** Interfaces that lie on another link of their container: it is there, can carry them, and lies on none of them itself. */
export function checkOwnLinks(draft: Draft): void {
  for (const container of draft.containers) {
    const lying = lyingIn(container)
    if (lying.length === 0) continue
    const links = ownLinks(draft, container)
    const members = membersIn(container)
    const circle = new Set<string>()
    for (const one of lying) checkLower(draft, one, links, members, circle)
    checkMixed(lying)
  }
}

/** By the name of a member its bond's. */
function membersIn({ interfaces }: DraftContainer): ReadonlyMap<string, string> {
  return new Map(
    interfaces.flatMap(({ attributes: { bond, interface: name } }) => (bond?.members ?? []).map((member) => [member, name] as const)),
  )
}

interface Problem {
  code: string
  summary: string
  hint: string
}

function checkLower(draft: Draft, one: DraftInterface, links: Links, members: ReadonlyMap<string, string>, circle: Set<string>): void {
  const { link } = one.attributes
  if (link?.link === undefined || circle.has(one.attributes.interface)) return
  const lower = links.get(link.link)
  const why = lower === undefined ? unknown(draft, link.link, links) : (whyCircle(one, links, circle) ?? whyUnfit(one, lower, members))
  if (why !== undefined) one.entry.report([link.kind, "link"], why.code, why.summary, { hint: why.hint })
  else if (lower !== undefined) checkAsItsLower(one, link.link, lower)
}

/** Of a pair that is mistaken the ends are not known. */
function unknown({ allVeths, suggest }: Draft, name: string, links: Links): Problem | undefined {
  if (!allVeths) return undefined
  const near = suggest(name, [...links.keys()])
  const hint =
    near === undefined ? `add an interface \`${name}: { bridge: … }\`; \`parent\` names a link of the host` : `did you mean \`${near}\`?`
  return { code: "unknown-reference", summary: `\`${name}\` is no interface of this container`, hint }
}

/** Told once. */
function whyCircle({ attributes: { interface: name } }: DraftInterface, links: Links, circle: Set<string>): Problem | undefined {
  const way = wayBack(name, links)
  if (way === undefined) return undefined
  for (const each of way) circle.add(each)
  const summary = way.length === 2 ? `${name} is to lie on itself` : `these lie on each other: ${way.join(" -> ")}`
  return { code: "link-cycle", summary, hint: "name an interface that lies on none of them" }
}

/** The names on the way down from a link, and by the members of bonds, back to it; undefined where there is none. */
function wayBack(start: string, links: Links): string[] | undefined {
  const seen = new Set<string>()
  const walk = (name: string, way: readonly string[]): string[] | undefined => {
    const { link, bond } = links.get(name)?.one?.attributes ?? {}
    for (const next of link?.link === undefined ? (bond?.members ?? []) : [link.link]) {
      if (next === start) return [...way, next]
      if (seen.has(next)) continue
      seen.add(next)
      const found = walk(next, [...way, next])
      if (found !== undefined) return found
    }
    return undefined
  }
  return walk(start, [start])
}

/** Of two of these sorts the kernel puts the second one beside the first, or refuses it. macvlan_common_newlink(), ipvlan_link_new() */
const BESIDE: ReadonlySet<string | undefined> = new Set(["macvlan", "ipvlan"])

function whyUnfit({ attributes: { link } }: DraftInterface, { one }: OwnLink, members: ReadonlyMap<string, string>): Problem | undefined {
  const { kind = "", link: name = "" } = link ?? {}
  const { parent, link: below, kind: its = "" } = one?.attributes.link ?? {}
  const bond = members.get(name)
  const code = "bad-parent"
  if (kind !== "vxlan" && (its === "vrf" || WITHOUT_MAC.has(its)))
    return {
      code,
      summary: `${withArticle(kind)} cannot lie on ${withArticle(its)}`,
      hint: "name an interface that has a MAC address of its own",
    }
  if (its === "macvlan" && BESIDE.has(kind)) {
    const hint = `have it lie on what ${name} lies on: \`${below === undefined ? "parent" : "link"}: ${below ?? parent}\``
    return { code, summary: `${withArticle(kind)} cannot lie on a macvlan`, hint }
  }
  if (bond === undefined) return undefined
  return { code, summary: `${name} is a member of ${bond}, which has all that it carries`, hint: `write \`link: ${bond}\`` }
}

/** A link has macvlans or ipvlans on it, as either sort takes in all that it receives. netdev_rx_handler_register() */
function checkMixed(lying: readonly DraftInterface[]): void {
  const first = new Map<string, { kind: string; name: string }>()
  for (const { attributes, entry } of lying) {
    const { kind, link = "" } = attributes.link ?? {}
    if (kind === undefined || !BESIDE.has(kind)) continue
    const other = first.get(link) ?? { kind, name: attributes.interface }
    first.set(link, other)
    if (other.kind !== kind)
      entry.report(
        [kind, "link"],
        "link-clash",
        `on ${link} there cannot be both ${other.name}, ${withArticle(other.kind)}, and ${attributes.interface}, ${withArticle(kind)}`,
        {
          hint: `make both ${withArticle(other.kind)}`,
        },
      )
  }
}

function checkAsItsLower({ attributes, value, entry }: DraftInterface, name: string, { up, mtu }: OwnLink): void {
  if (attributes.link?.kind === "vlan" && value.up === true && !up)
    entry.report(["up"], "lower-is-down", `${attributes.interface} cannot be up: ${name}, on which it lies, is down`, {
      hint: "take `up` out here: it is up when that one is",
    })
  if (attributes.link === undefined || mtu === undefined) return
  const problem = mtuProblem(attributes.link.kind, attributes.mtu, mtu, `its link ${name}`)
  if (problem !== undefined) entry.report(["mtu"], "mtu-too-large", problem.summary, { hint: problem.hint })
}
