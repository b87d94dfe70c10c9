import type { Kernel, Link } from "../../kernel/kernel.ts"
import type { RuleFamily, RuleSet } from "../../kernel/packet-rules.ts"
import type { Reading, Scope } from "../../model/driver.ts"
import type { Observed } from "../../model/resource.ts"
import { ownerOf } from "../link/owned.ts"
import { remembered, sysctl, WAS_OFF } from "./forwarding.ts"
import type { NatAttributes } from "./spec.ts"
import { FAMILIES, FORWARDING, localnetOf, tableOf } from "./spec.ts"
import { roleOf, strangeness } from "./spec-chains.ts"
import { lineText, portOf } from "./spec-lines.ts"
import type { PublishedPorts } from "./spec-ports.ts"
import { wordsOf } from "./spec-words.ts"

/** The address under which is told what is left where somebody has taken our chains away. */
const EMPTY = "left-over"

/** What lies in the stack's table, by bridge, and what beside it was set for it. */
export function readNat(scope: Scope): Reading {
  const { stack, desired } = scope
  const table = tableOf(stack)
  const set = scope.rules()
  if (set === null) return { resources: [], foreign: [] }
  const names = new Set(
    [...set.chains, ...set.inner].flatMap((chain) =>
      chain.table === table && isFamily(chain.family) ? (roleOf(chain.name)?.bridge ?? []) : [],
    ),
  )
  // What others have put into the table is told of one bridge: any that is written takes it out.
  const strangers = set.chains.filter((chain) => chain.table === table && isFamily(chain.family) && roleOf(chain.name) === undefined)
  const resources = [...names].sort().map((name, i) => observed(scope, set, table, name, i === 0 ? strangers : []))
  const isEmpty = names.size === 0 && set.tables.some(({ name }) => name === table)
  const wanted = desired.resources.some(({ kind }) => kind === "nat")
  const known = names.size > 0 || wanted ? [] : [...remembered(scope.kernel, stack)]
  return { resources: (isEmpty || known.length > 0) && !wanted ? [leftOver(scope.kernel, known)] : resources, foreign: [] }
}

function observed(scope: Scope, set: RuleSet, table: string, name: string, strangers: RuleSet["chains"]): Observed {
  const wanted = scope.resource(`nat.${name}`)?.attributes as unknown as NatAttributes | undefined
  const chains = set.chains.filter((chain) => chain.table === table && isFamily(chain.family) && roleOf(chain.name)?.bridge === name)
  const { rules, ports } = readRules(set, name, wanted?.ports ?? {})
  const bridge = scope.host.links.find((link) => link.kind === "bridge" && ownerOf(scope, "host", link) === `bridge.${name}`)
  return told(name, {
    rules: [...asleep(set, table, chains), ...[...strangers, ...chains].flatMap(strangeness), ...rules].sort(),
    ports,
    hairpin: hairpinLinks(scope, bridge),
    sysctls: readSysctls(scope.kernel, chains, wanted, bridge),
  })
}

/** Somebody has switched off the tables in which the chains are. */
function asleep({ tables }: RuleSet, table: string, chains: RuleSet["chains"]): string[] {
  const dormant = tables.filter((one) => one.dormant && one.name === table && chains.some(({ family }) => family === one.family))
  return dormant.map(({ family }) => `${family}: table { flags dormant; }`)
}

/** Somebody has taken the chains away: what is left is the table, or what the host was switched to. */
function leftOver(kernel: Kernel, known: readonly RuleFamily[]): Observed {
  const sysctls = Object.fromEntries(known.map((family) => [FORWARDING[family], sysctl(kernel, FORWARDING[family]) ?? ""]))
  return told(EMPTY, { rules: [], ports: {}, hairpin: [], sysctls })
}

function told(name: string, attributes: NatAttributes): Observed {
  return { kind: "nat", address: `nat.${name}`, name, attributes: attributes as unknown as Observed["attributes"], live: {} }
}

/** Each rule as one of a port's, where it is one in its place, or as it stands. */
function readRules(set: RuleSet, bridge: string, wanted: PublishedPorts): Pick<NatAttributes, "rules" | "ports"> {
  const rules: string[] = []
  const ports = new Map<string, string[]>()
  for (const { family, chain, expressions } of set.rules) {
    const place = roleOf(chain)
    if (place?.bridge !== bridge) continue
    const words = wordsOf(family, expressions)
    const line = { family, role: place.role, words: words ?? strangers(expressions) }
    const port = words === undefined ? undefined : portOf(line, wanted)
    if (port === undefined) rules.push(words === undefined && place.role === "nat" ? `${family}: ${line.words}` : lineText(line))
    else ports.set(port.key, [...(ports.get(port.key) ?? []), port.target])
  }
  return { rules, ports: Object.fromEntries([...ports].map(([key, targets]) => [key, targets.sort()])) }
}

function strangers(expressions: RuleSet["rules"][number]["expressions"]): string {
  return `a rule of others (${expressions.map((one) => (one.is === "other" ? one.name : one.is)).join(" ")})`
}

/** Those of the bridge's ports that are the stack's. */
function hairpinLinks(scope: Scope, bridge: Link | undefined): string[] {
  const isOurs = (link: Link) => ownerOf(scope, "host", link) !== undefined
  return bridge === undefined
    ? []
    : scope.host.links.flatMap((link) => (link.hairpin && link.master === bridge.index && isOurs(link) ? [link.name] : [])).sort()
}

/** What was set for the sake of the rules that are there, and what is wanted of the rest. */
function readSysctls(kernel: Kernel, chains: RuleSet["chains"], wanted: NatAttributes | undefined, bridge: Link | undefined) {
  const nat = chains.filter((chain) => roleOf(chain.name)?.role === "nat")
  const forwarding = FAMILIES.filter((family) => {
    const own = nat.filter((chain) => chain.family === family)
    // What was on before is nobody's to put back.
    return wanted === undefined || wanted.sysctls[FORWARDING[family]] !== undefined
      ? own.length > 0
      : own.some(({ comment }) => comment === WAS_OFF[family])
  })
  const guarded = bridge !== undefined && chains.some((chain) => roleOf(chain.name)?.role === "guard") ? [localnetOf(bridge.name)] : []
  const names = [...forwarding.map((family) => FORWARDING[family]), ...guarded]
  return Object.fromEntries(names.map((one) => [one, sysctl(kernel, one) ?? ""]))
}

function isFamily(family: string): family is RuleFamily {
  return family === "ip" || family === "ip6"
}
