import type { Condition } from "./condition.ts"
import { all, any, not } from "./condition.ts"
import { carries, inVlan, longerThan, ofType, shorterThan, toGroup } from "./meaning.ts"
import type { Qualifiers } from "./primitive.ts"
import { CARRIED, NETWORK_PROTOCOLS, primitiveOf, TYPES } from "./primitive.ts"
import { Words } from "./words.ts"

const PROTOCOLS = ["ether", ...NETWORK_PROTOCOLS, ...Object.keys(CARRIED)]
const GROUPS = ["broadcast", "multicast"] as const
const ALONE = ["vlan", "less", "greater", ...GROUPS] as const
const KNOWN = ["and", "or", "not", "src", "dst", "mask", ...TYPES, ...PROTOCOLS, ...ALONE]

/**
 * A filter as tcpdump takes it: `tcp port 80 and not host 10.0.0.1`. `and` and `or` bind alike, from the left; a value without words before it
 * has those of the one before. pcap-filter(7), of which it is a part.
 *
 * @throws DiagnosticError where it is none
 */
export function parseFilter(text: string): Condition {
  const words = new Words(text, KNOWN)
  const before: Before = {}
  const condition = joined(words, () => term(words, before))
  if (words.next !== "") throw words.wrong("`and` or `or` is missing before this")
  return condition
}

/** The words of the value that was read last. */
interface Before {
  qualifiers?: Qualifiers
}

function joined(words: Words, one: () => Condition): Condition {
  let left = one()
  for (;;) {
    if (words.takeOf("and", "&&") !== undefined) left = all(left, one())
    else if (words.takeOf("or", "||") !== undefined) left = any(left, one())
    else return left
  }
}

function term(words: Words, before: Before): Condition {
  if (words.takeOf("not", "!") !== undefined) return not(term(words, before))
  if (words.takeOf("(") === undefined) return primitive(words, before)
  return closed(
    words,
    joined(words, () => term(words, before)),
  )
}

function closed(words: Words, inner: Condition): Condition {
  if (words.takeOf(")") === undefined) throw words.wrong("`and`, `or` or `)` is missing before this")
  return inner
}

function primitive(words: Words, before: Before): Condition {
  const alone = words.takeOf(...ALONE)
  if (alone !== undefined) return standing(words, alone)
  const qualifiers = qualifiersOf(words)
  const { protocol, direction, type } = qualifiers
  if (protocol !== undefined && direction === undefined && type === undefined) return ofProtocol(words, protocol)
  if (Object.keys(qualifiers).length > 0) before.qualifiers = qualifiers
  const whole = before.qualifiers ?? { type: "host" }
  if (words.takeOf("(") === undefined) return value(words, whole)
  return closed(
    words,
    joined(words, () => values(words, whole)),
  )
}

/** `port (80 or not 443)`, in the brackets. */
function values(words: Words, qualifiers: Qualifiers): Condition {
  return words.takeOf("not", "!") !== undefined ? not(values(words, qualifiers)) : value(words, qualifiers)
}

function value(words: Words, qualifiers: Qualifiers): Condition {
  if (words.next === "" || words.next === ")") throw words.wrong("a value is missing here")
  const written = words.take()
  const mask = qualifiers.type === "net" && words.takeOf("mask") !== undefined ? words.take() : undefined
  try {
    return primitiveOf(qualifiers, written, mask)
  } catch (failure) {
    if (failure instanceof RangeError) throw words.wrong(failure.message, mask === undefined ? 1 : 3)
    throw failure
  }
}

function qualifiersOf(words: Words): Qualifiers {
  const protocol = words.takeOf(...PROTOCOLS)
  const first = words.takeOf("src", "dst")
  const both = first !== undefined && ["and", "or"].includes(words.next) && ["src", "dst"].includes(words.after)
  const joint = both ? (words.take() as "and" | "or") : undefined
  if (both) words.take()
  const direction = joint === undefined ? first : (`src ${joint} dst` as const)
  const type = words.takeOf(...TYPES)
  return { ...(protocol === undefined ? {} : { protocol }), ...(direction === undefined ? {} : { direction }), ...(type && { type }) }
}

/** `tcp`, or `ip multicast`. */
function ofProtocol(words: Words, protocol: string): Condition {
  const group = words.takeOf(...GROUPS)
  if (group !== undefined) {
    const groups = protocol === "ether" || protocol === "ip" || protocol === "ip6" ? toGroup(protocol, group) : undefined
    if (groups === undefined) throw words.wrong(`there is no ${group} of ${protocol}`, 1)
    return groups
  }
  if (protocol === "ether") throw words.wrong("`ether` is followed by host, src, dst, proto, broadcast or multicast")
  const network = NETWORK_PROTOCOLS.find((one) => one === protocol)
  return network !== undefined ? ofType(network) : carried(protocol)
}

function carried(protocol: string): Condition {
  const { number, family } = CARRIED[protocol] as (typeof CARRIED)[string]
  return carries(number, family)
}

function standing(words: Words, word: (typeof ALONE)[number]): Condition {
  if (word === "broadcast" || word === "multicast") return toGroup("ether", word) as Condition
  if (word === "vlan" && !/^[0-9]/.test(words.next)) return inVlan()
  const most = word === "vlan" ? 4095 : 0xffff_ffff
  const number = /^[0-9]{1,10}$/.test(words.next) ? Number(words.next) : most + 1
  if (number > most) throw words.wrong(`\`${word}\` is followed by a number up to ${most}`)
  words.take()
  return word === "vlan" ? inVlan(number) : word === "less" ? shorterThan(number) : longerThan(number)
}
