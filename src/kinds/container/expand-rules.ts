import { canonicalIp, formatCidr, networkOf, parseCidr, parseIp } from "../../base/ip.ts"
import { PROTOCOL_WORDS, protocolNumber, protocolWord } from "../../base/ip-protocols.ts"
import type { Entry, Path } from "../../model/entry.ts"
import { macOf } from "../link/expand-link.ts"
import { tableOf } from "./expand-table.ts"
import type { NeighbourSpec, RuleSpec } from "./spec-routing.ts"
import { inOrder, MAIN_TABLE, neighbourKey, ruleKey } from "./spec-routing.ts"

/** A rule as the file writes it. */
export interface RuleEntry {
  priority?: number
  family?: "inet" | "inet6"
  not?: boolean
  from?: string
  to?: string
  iif?: string
  oif?: string
  fwmark?: number | string
  ipproto?: number | string
  sport?: number | string
  dport?: number | string
  type?: "lookup" | NonNullable<RuleSpec["type"]>
  table?: number | string
  goto?: number
  suppress_prefixlength?: number
}

/** A neighbour as the file writes it. */
export interface NeighbourEntry {
  to?: string
  dev?: string
  lladdr?: string
  proxy?: boolean
}

/** In canonical form and the order of their priorities; mistaken ones are reported and left out. */
export function rulesOf(entry: Entry, list: readonly RuleEntry[]): RuleSpec[] {
  const found = new Map<string, { rule: RuleSpec; what: string }>()
  for (const [i, item] of list.entries()) {
    const rule = ruleOf(entry, ["rules", i], item)
    if (rule === undefined) continue
    const { type, table, goto, suppress_prefixlength, ...selector } = rule
    const [whom, what] = [ruleKey(selector), JSON.stringify([type, table, goto, suppress_prefixlength])]
    const other = found.get(whom)
    if (other === undefined) found.set(whom, { rule, what })
    else {
      const same = other.what === what
      const summary = same ? "this rule stands twice" : `two rules of priority ${rule.priority} are for the same: only one is ever asked`
      entry.report(["rules", i], "duplicate-rule", summary, { hint: same ? "take one out" : "give one of them another priority" })
    }
  }
  return inOrder(
    [...found.values()].map(({ rule }) => rule),
    ruleKey,
  )
}

function ruleOf(entry: Entry, path: Path, item: RuleEntry): RuleSpec | undefined {
  const { priority, iif, oif, goto, suppress_prefixlength } = item
  const [from, to] = [prefixOf(entry, [...path, "from"], item.from), prefixOf(entry, [...path, "to"], item.to)]
  const table = tableOf(entry, [...path, "table"], item.table)
  const mark = markOf(entry, [...path, "fwmark"], item.fwmark)
  const ipproto = protocolOf(entry, [...path, "ipproto"], item.ipproto)
  const [sport, dport] = [portsOf(entry, [...path, "sport"], item.sport), portsOf(entry, [...path, "dport"], item.dport)]
  const read = { ...item, from, to, table, fwmark: mark, ipproto, sport, dport }
  if (priority === undefined || Object.entries(read).some(([key, value]) => value === undefined && entry.has([...path, key])))
    return undefined
  if (["iif", "oif", "type", "family"].some((key) => !(key in read) && entry.has([...path, key]))) return undefined
  const inet6 = familyOf(entry, path, item, from, to)
  if (inet6 === undefined) return undefined
  const rule: RuleSpec = {
    priority,
    ...(inet6 ? { family: "inet6" } : {}),
    ...(item.not ? { not: true } : {}),
    ...(from === undefined || from === "all" ? {} : { from }),
    ...(to === undefined || to === "all" ? {} : { to }),
    ...(iif === undefined ? {} : { iif }),
    ...(oif === undefined ? {} : { oif }),
    ...mark,
    ...(ipproto === undefined ? {} : { ipproto }),
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(item.type === undefined || item.type === "lookup" ? {} : { type: item.type }),
    ...(table === undefined ? {} : { table: table === "main" ? MAIN_TABLE : table }),
    ...(goto === undefined ? {} : { goto }),
    ...(suppress_prefixlength === undefined ? {} : { suppress_prefixlength }),
  }
  return looksUp(entry, path, rule) ? rule : undefined
}

/** A table for what looks one up, and none for what does not; a rule to go on at lies behind. */
function looksUp(entry: Entry, path: Path, { priority, type, table, goto, suppress_prefixlength }: RuleSpec): boolean {
  if (type === undefined && goto === undefined && table !== undefined) return true
  if (type === undefined && goto === undefined) {
    entry.report(path, "bad-rule", "this rule does not say what becomes of what it is for", {
      hint: "add `table: NUMBER`, `goto: PRIORITY`, or `type: blackhole`, `unreachable` or `prohibit`",
    })
    return false
  }
  const what = type === undefined ? `\`goto: ${goto}\`` : `\`type: ${type}\``
  const asking = table !== undefined ? "table" : suppress_prefixlength !== undefined ? "suppress_prefixlength" : undefined
  const key = asking ?? (type !== undefined && goto !== undefined ? "goto" : undefined)
  if (key !== undefined) {
    const summary = asking === undefined ? `a rule of type ${type} asks no other rule` : `a rule with ${what} asks no table`
    entry.report([...path, key], "bad-rule", summary, { hint: `take \`${key}\` out, or ${what}` })
    return false
  }
  if (goto === undefined || goto > priority) return true
  entry.report([...path, "goto"], "bad-rule", `rule ${goto} is asked before this one, ${priority}`, {
    hint: "name one with a larger priority",
  })
  return false
}

/** Whether it is a rule of IPv6; undefined where it is of two families at once, which is reported. */
function familyOf(entry: Entry, path: Path, item: RuleEntry, from: string | undefined, to: string | undefined): boolean | undefined {
  const told = [from, to].flatMap((text) => (text === undefined || text === "all" ? [] : [text.includes(":")]))
  const all = [...told, ...(item.family === undefined ? [] : [item.family === "inet6"])]
  if (all.every((six) => six === all[0])) return all[0] ?? false
  entry.report(path, "bad-rule", "this rule is of IPv4 and of IPv6 at once", { hint: "write two rules, one for each" })
  return undefined
}

/** A network in canonical form; an address is a network of one. `all` and `default` are everywhere. */
function prefixOf(entry: Entry, path: Path, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (text === "all" || text === "default") return "all"
  const ip = parseIp(text)
  const cidr = ip === undefined ? parseCidr(text) : { ...ip, prefix: ip.family === 4 ? 32 : 128 }
  const network = cidr === undefined ? undefined : networkOf(cidr)
  if (cidr !== undefined && network?.value === cidr.value && cidr.prefix > 0) return formatCidr(cidr)
  if (cidr === undefined)
    entry.report(path, "bad-rule", `\`${text}\` is not a network`, { hint: "write a network such as 10.9.0.0/16, or an address" })
  else if (cidr.prefix === 0)
    entry.report(path, "bad-rule", `${text} is everywhere`, { hint: "take it out, and say `family: inet6` of a rule of IPv6" })
  else
    entry.report(path, "bad-rule", `${text} is an address in a network, not a network`, {
      hint: `did you mean ${formatCidr(networkOf(cidr))}?`,
    })
  return undefined
}

const ALL_BITS = 0xffffffff

/** `1`, `0x10/0xff`; undefined where it is too large, which is reported. */
function markOf(entry: Entry, path: Path, value: number | string | undefined): Pick<RuleSpec, "fwmark" | "fwmask"> | undefined {
  if (value === undefined) return undefined
  const [mark = 0, mask = ALL_BITS] = String(value).trim().split("/").map(Number)
  // A rule that looks at no bit of it says nothing of marks.
  if (mark === 0 && mask === 0) return {}
  if (mark <= ALL_BITS && mask <= ALL_BITS) return { fwmark: mark, ...(mask === ALL_BITS ? {} : { fwmask: mask }) }
  entry.report(path, "bad-rule", `\`${value}\` is no mark: one has 32 bits`, { hint: "write 0xffffffff at the most" })
  return undefined
}

/** `tcp` of `6`; undefined where it is none, which is reported. */
function protocolOf(entry: Entry, path: Path, value: number | string | undefined): string | undefined {
  const number = value === undefined ? undefined : protocolNumber(String(value))
  if (value !== undefined && number === undefined)
    entry.report(path, "bad-rule", `\`${value}\` is no protocol`, { hint: `write ${PROTOCOL_WORDS.join(", ")}, or a number up to 255` })
  return number === undefined ? undefined : protocolWord(number)
}

/** The kernel takes no range that ends at 65535. fib_rule_port_range_valid() in include/net/fib_rules.h */
const LAST_PORT = 65_534

/** `80` or `8000-8080`; undefined where these are no ports, which is reported. */
function portsOf(entry: Entry, path: Path, value: number | string | undefined): string | undefined {
  if (value === undefined) return undefined
  const [first = 0, last = first, ...more] = String(value).split("-").map(Number)
  const sound = [first, last].every((port) => Number.isInteger(port) && port >= 1 && port <= LAST_PORT)
  if (sound && first <= last && more.length === 0) return first === last ? String(first) : `${first}-${last}`
  entry.report(path, "bad-rule", `\`${value}\` is no port and no range of ports`, {
    hint: `write 80, or 8000-8080; the kernel's rules take them from 1 to ${LAST_PORT}`,
  })
  return undefined
}

/** In canonical form and order; mistaken ones are reported and left out. */
export function neighboursOf(entry: Entry, list: readonly NeighbourEntry[]): NeighbourSpec[] {
  const found = new Map<string, NeighbourSpec>()
  for (const [i, item] of list.entries()) {
    const path = ["neighbours", i]
    const neighbour = neighbourOf(entry, path, item)
    if (neighbour === undefined) continue
    const { lladdr: _, ...where } = neighbour
    if (found.has(neighbourKey(where)))
      entry.report(path, "duplicate-neighbour", `neighbour ${where.to} on ${where.dev} stands twice`, { hint: "take one out" })
    else found.set(neighbourKey(where), neighbour)
  }
  return inOrder([...found.values()], neighbourKey)
}

function neighbourOf(entry: Entry, path: Path, { to: text, dev, lladdr, proxy }: NeighbourEntry): NeighbourSpec | undefined {
  const to = text === undefined ? undefined : canonicalIp(text)
  if (text !== undefined && to === undefined)
    entry.report([...path, "to"], "bad-neighbour", `\`${text}\` is not an IP address`, {
      hint: "write an address without a prefix length: 10.20.0.9",
    })
  const mac = macOf(entry, [...path, "lladdr"], lladdr)
  if (to === undefined || dev === undefined) return undefined
  const written = entry.has([...path, "lladdr"])
  if (proxy !== true) {
    if (!written) entry.report(path, "bad-neighbour", `neighbour ${to} has no MAC address`, { hint: "add `lladdr: MAC`, or `proxy: true`" })
    return mac === undefined ? undefined : { to, dev, lladdr: mac }
  }
  if (written)
    entry.report([...path, "lladdr"], "bad-neighbour", `for ${to} the container answers with its own MAC address`, {
      hint: "take `lladdr` out, or `proxy: true`",
    })
  return { to, dev, proxy }
}
