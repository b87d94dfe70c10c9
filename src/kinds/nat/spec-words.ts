import { formatCidr, formatIp, parseCidr, parseIp } from "../../base/ip.ts"
import type { Expression, RuleFamily } from "../../kernel/packet-rules.ts"

/** Where the addresses stand in the network header, and how many bytes they have. RFC 791, RFC 8200 */
const ADDRESSES = {
  ip: { saddr: 12, daddr: 16, length: 4, version: 4 },
  ip6: { saddr: 8, daddr: 24, length: 16, version: 6 },
} as const
/** Where the port that a packet goes to stands in the transport header, and how many bytes it has: the same of TCP and UDP. */
const PORT = { offset: 2, length: 2, header: "transport" } as const
/** IPPROTO_TCP, IPPROTO_UDP */
const PROTOCOLS = { tcp: "06", udp: "11" } as const
/** IFNAMSIZ */
const NAME_BYTES = 16
/** RTN_LOCAL (linux/rtnetlink.h), IPS_DST_NAT (linux/netfilter/nf_conntrack_common.h), little endian. */
const LOCAL = "02000000"
const DNAT = "20000000"
const NOTHING = "00000000"

type Of<K extends Expression["is"]> = Expression & { is: K }

/** A part of a rule, in nft's words and as nf_tables has it. */
interface Clause {
  words: RegExp
  /** Undefined where a value in the words is none. */
  write(parts: readonly (string | undefined)[], family: RuleFamily): Expression[] | undefined
  /** What these expressions begin with; undefined where it is no such clause. */
  read(expressions: readonly Expression[], family: RuleFamily): { text: string; used: number } | undefined
}

const network: Clause = {
  words: /^(ip6?) (saddr|daddr) (\S+\/\d+)/,
  write([, family, side, text = ""], of) {
    const cidr = parseCidr(text)
    const { length, version } = ADDRESSES[of]
    if (family !== of || cidr?.family !== version) return undefined
    const bits = BigInt(length * 8)
    const mask = ((1n << bits) - 1n) ^ ((1n << (bits - BigInt(cidr.prefix))) - 1n)
    return [
      { is: "payload", offset: ADDRESSES[of][side as "saddr"], length },
      { is: "mask", mask: hex(mask, length) },
      { is: "cmp", op: "==", value: hex(cidr.value, length) },
    ]
  },
  read([payload, mask, cmp], family) {
    const side = sideOf(payload, family)
    if (side === undefined || mask?.is !== "mask" || cmp?.is !== "cmp" || cmp.op !== "==") return undefined
    const prefix = /^0*$/.test(mask.mask) ? 0 : BigInt(`0x${mask.mask}`).toString(2).replace(/0+$/, "").length
    const cidr = { family: ADDRESSES[family].version, value: BigInt(`0x${cmp.value || 0}`), prefix }
    return { text: `${family} ${side} ${formatCidr(cidr)}`, used: 3 }
  },
}

const address: Clause = {
  words: /^(ip6?) (saddr|daddr) (!= )?([0-9a-f.:]+)(?= |$)/,
  write([, family, side, not, text = ""], of) {
    const ip = parseIp(text)
    const { length, version } = ADDRESSES[of]
    if (family !== of || ip?.family !== version) return undefined
    return [
      { is: "payload", offset: ADDRESSES[of][side as "saddr"], length },
      { is: "cmp", op: not === undefined ? "==" : "!=", value: hex(ip.value, length) },
    ]
  },
  read([payload, cmp], family) {
    const side = sideOf(payload, family)
    if (side === undefined || cmp?.is !== "cmp") return undefined
    const ip = { family: ADDRESSES[family].version, value: BigInt(`0x${cmp.value || 0}`) }
    return { text: `${family} ${side} ${cmp.op === "==" ? "" : `${cmp.op} `}${formatIp(ip)}`, used: 2 }
  },
}

const link: Clause = {
  words: /^(iifname|oifname) (!= )?"([^\s"]{1,15})"/,
  write: ([, side, not, name = ""]) => [
    { is: side as "iifname" | "oifname" },
    { is: "cmp", op: not === undefined ? "==" : "!=", value: Buffer.from(name.padEnd(NAME_BYTES, "\0")).toString("hex") },
  ],
  read([side, cmp]) {
    if ((side?.is !== "iifname" && side?.is !== "oifname") || cmp?.is !== "cmp") return undefined
    const name = Buffer.from(cmp.value, "hex").toString("utf8").replace(/\0+$/, "")
    return { text: `${side.is} ${cmp.op === "==" ? "" : `${cmp.op} `}"${name}"`, used: 2 }
  },
}

const local: Clause = {
  words: /^fib (saddr|daddr) type local/,
  write: ([, of]) => [
    { is: "fib-type", of: of as "saddr" | "daddr" },
    { is: "cmp", op: "==", value: LOCAL },
  ],
  read: ([fib]) => (fib?.is === "fib-type" ? { text: `fib ${fib.of} type local`, used: 2 } : undefined),
}

const redirected: Clause = {
  words: /^ct status (! )?dnat/,
  write: ([, not]) => [{ is: "ct-status" }, { is: "mask", mask: DNAT }, { is: "cmp", op: not === undefined ? "!=" : "==", value: NOTHING }],
  read([status, , cmp]) {
    if (status?.is !== "ct-status" || cmp?.is !== "cmp") return undefined
    return { text: `ct status ${cmp.op === "==" ? "! " : ""}dnat`, used: 3 }
  },
}

const port: Clause = {
  words: /^(tcp|udp) dport (\d{1,5})(?:-(\d{1,5}))?/,
  write([, protocol, first, last]) {
    const [from, to] = [hex(BigInt(first ?? 0), 2), hex(BigInt(last ?? 0), 2)]
    const compared: Of<"cmp">[] =
      last === undefined
        ? [{ is: "cmp", op: "==", value: from }]
        : [
            { is: "cmp", op: ">=", value: from },
            { is: "cmp", op: "<=", value: to },
          ]
    return [{ is: "l4proto" }, { is: "cmp", op: "==", value: PROTOCOLS[protocol as "tcp"] }, { is: "payload", ...PORT }, ...compared]
  },
  read([proto, number, , first, last]) {
    if (proto?.is !== "l4proto" || number?.is !== "cmp" || first?.is !== "cmp") return undefined
    const protocol = number.value === PROTOCOLS.udp ? "udp" : "tcp"
    const range = last?.is === "cmp" && first.op === ">="
    const words = `${protocol} dport ${parseInt(first.value, 16)}${range ? `-${parseInt(last.value, 16)}` : ""}`
    return { text: words, used: range ? 5 : 4 }
  },
}

const target: Clause = {
  words: /^dnat to (?:\[([0-9a-f:.]+)\]|([0-9.]+|[0-9a-f:.]+))(?::(\d{1,5}))?(?= |$)/,
  write([, bracketed, bare, written], family) {
    const ip = parseIp(bracketed ?? bare ?? "")
    if (ip?.family !== ADDRESSES[family].version) return undefined
    const to: Expression = { is: "immediate", register: 1, value: hex(ip.value, ADDRESSES[family].length) }
    if (written === undefined) return [to, { is: "dnat", family, port: false }]
    return [to, { is: "immediate", register: 2, value: hex(BigInt(written), 2) }, { is: "dnat", family, port: true }]
  },
  read([to, number], family) {
    if (to?.is !== "immediate") return undefined
    const ip = formatIp({ family: ADDRESSES[family].version, value: BigInt(`0x${to.value || 0}`) })
    if (number?.is !== "immediate") return { text: `dnat to ${ip}`, used: 2 }
    return { text: `dnat to ${family === "ip" ? ip : `[${ip}]`}:${parseInt(number.value, 16)}`, used: 3 }
  },
}

const jump: Clause = {
  words: /^jump (\S+)/,
  write: ([, chain = ""]) => [{ is: "jump", chain }],
  read: ([one]) => (one?.is === "jump" ? { text: `jump ${one.chain}`, used: 1 } : undefined),
}

function word(is: "masquerade" | "drop"): Clause {
  return { words: new RegExp(`^${is}`), write: () => [{ is }], read: ([one]) => (one?.is === is ? { text: is, used: 1 } : undefined) }
}

const CLAUSES = [network, address, link, local, redirected, port, target, jump, word("masquerade"), word("drop")]

/** A rule of nft's words as nf_tables takes it, in a table of a family; undefined where it is none that this program writes. nft(8) */
export function expressionsOf(family: RuleFamily, text: string): Expression[] | undefined {
  const expressions: Expression[] = []
  for (let rest = text; rest !== ""; ) {
    const written = first(CLAUSES, ({ words, write }) => {
      const parts = words.exec(rest)
      const found = parts === null ? undefined : write(parts, family)
      return parts === null || found === undefined ? undefined : { found, length: parts[0].length }
    })
    if (written === undefined) return undefined
    expressions.push(...written.found)
    rest = rest.slice(written.length)
    if (rest !== "" && !rest.startsWith(" ")) return undefined
    rest = rest.slice(1)
  }
  return expressions.length === 0 ? undefined : expressions
}

/** A rule as it was read, in nft's words where it is just as this program would have written it; else undefined. */
export function wordsOf(family: RuleFamily, expressions: readonly Expression[]): string | undefined {
  const texts: string[] = []
  for (let at = 0; at < expressions.length; ) {
    const rest = expressions.slice(at)
    const clause = first(CLAUSES, ({ read }) => read(rest, family))
    if (clause === undefined) return undefined
    texts.push(clause.text)
    at += clause.used
  }
  const text = texts.join(" ")
  return JSON.stringify(expressionsOf(family, text)) === JSON.stringify(expressions) ? text : undefined
}

function first<T, R>(all: readonly T[], look: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = look(one)
    if (found !== undefined) return found
  }
  return undefined
}

function sideOf(payload: Expression | undefined, family: RuleFamily): "saddr" | "daddr" | undefined {
  const { saddr, daddr, length } = ADDRESSES[family]
  if (payload?.is !== "payload" || payload.header !== undefined || payload.length !== length) return undefined
  return payload.offset === saddr ? "saddr" : payload.offset === daddr ? "daddr" : undefined
}

function hex(value: bigint, length: number): string {
  return value.toString(16).padStart(length * 2, "0")
}
