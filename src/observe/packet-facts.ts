import type { Kernel } from "../kernel/kernel.ts"
import type { BaseChain, RuleFamily, RuleSet } from "../kernel/packet-rules.ts"
import type { BridgeAttributes } from "../kinds/bridge/spec.ts"
import type { NatAttributes } from "../kinds/nat/spec.ts"
import { FORWARDING, TABLE, tableOf } from "../kinds/nat/spec.ts"
import { roleOf } from "../kinds/nat/spec-chains.ts"
import { portOf } from "../kinds/nat/spec-lines.ts"
import type { Published } from "../kinds/nat/spec-ports.ts"
import { clash, isEverywhere, isLoopback, parsePublished } from "../kinds/nat/spec-ports.ts"
import { wordsOf } from "../kinds/nat/spec-words.ts"
import type { VethAttributes } from "../kinds/veth/spec.ts"
import type { Scope } from "../model/driver.ts"
import type { ForwardDrop, TakenPort } from "../model/packet-facts.ts"
import type { Desired, HostFacts } from "../model/resource.ts"
import { socketsOn } from "./sockets.ts"

/** As much of a reading as it takes. */
export type PacketScope = Pick<Scope, "kernel" | "stack" | "desired" | "host" | "rules">

/** Nothing is read for a stack that has no packets passed on. */
export function packetFacts(scope: PacketScope): Pick<HostFacts, "packets"> {
  const nats = scope.desired.resources.flatMap(({ kind, name, attributes }) =>
    kind === "nat" ? [{ name, attributes: attributes as unknown as NatAttributes }] : [],
  )
  const published = nats.flatMap(({ attributes }) => Object.keys(attributes.ports))
  const forwarding = nats.filter(({ attributes }) => Object.values(FORWARDING).some((name) => name in attributes.sysctls))
  if (published.length === 0 && forwarding.length === 0) return {}
  const set = scope.rules() ?? { tables: [], chains: [], inner: [], rules: [] }
  const live = publishedIn(set.rules)
  return {
    packets: {
      drops: dropsOf(scope.kernel, set, bridgesOf(scope.desired, forwarding)),
      taken: published.length === 0 ? [] : taken(scope, published, set),
      absent: published.length === 0 ? [] : absentAddresses(scope, published),
      live: [...live.keys()],
    },
  }
}

// -------------------------------------------------------------- who forbids it

/** Kernel names of bridges, with the families in which packets are to be passed on. */
type Wanting = readonly { link: string; families: readonly string[] }[]

function bridgesOf({ resources }: Desired, nats: readonly { name: string; attributes: NatAttributes }[]): Wanting {
  return nats.flatMap(({ name, attributes: { sysctls } }) => {
    const bridge = resources.find(({ address }) => address === `bridge.${name}`)?.attributes as unknown as BridgeAttributes | undefined
    const families = Object.entries(FORWARDING).flatMap(([family, sysctl]) => (sysctl in sysctls ? [family] : []))
    return bridge === undefined ? [] : [{ link: bridge.interface, families }]
  })
}

function dropsOf(kernel: Kernel, { chains, inner }: RuleSet, wanting: Wanting): ForwardDrop[] {
  const dropping = chains.filter(({ hook, policy, table }) => hook === "forward" && policy === "drop" && !table.startsWith(TABLE))
  return dropping.flatMap(({ family, table, name }) => {
    const concerned = wanting.filter(({ families }) => family === "inet" || families.includes(family)).map(({ link }) => link)
    const known = concerned.length === 0 ? new Set() : namedLinks(kernel, family, table)
    const bridges = concerned.filter((link) => !known.has(link))
    const door = inner.find((chain) => chain.family === family && chain.table === table && chain.name === "DOCKER-USER")?.name
    return bridges.length === 0 ? [] : [{ family, table, chain: name, bridges, ...(door === undefined ? {} : { door }) }]
  })
}

/** Links that rules of a table name: who wrote one for a bridge knows of it. What the rule then does is the writer's business. */
function namedLinks(kernel: Kernel, family: string, table: string): Set<string> {
  const rules = kernel.readTable(family, table)
  const names = rules.flatMap(({ expressions }) =>
    expressions.flatMap((one, i) => {
      const compared = expressions[i + 1]
      if ((one.is !== "iifname" && one.is !== "oifname") || compared?.is !== "cmp") return []
      return [Buffer.from(compared.value, "hex").toString("utf8").replace(/\0+$/, "")]
    }),
  )
  return new Set(names)
}

// ------------------------------------------------------------- who has it already

function taken(scope: PacketScope, published: readonly string[], set: RuleSet): TakenPort[] {
  const wishes = published.flatMap((text) => {
    const wish = parsePublished(text)
    return wish === undefined ? [] : [{ text, wish }]
  })
  return [...ofSockets(scope.kernel, wishes), ...ofStacks(scope, wishes, set)]
}

interface Wish {
  text: string
  wish: Published
}

function ofSockets(kernel: Kernel, wishes: readonly Wish[]): TakenPort[] {
  const sockets = socketsOn(kernel, (socket) => wishes.some(({ wish }) => clash(wish, socket)))
  return sockets.flatMap(({ by, ...socket }) =>
    wishes.filter(({ wish }) => clash(wish, socket)).map(({ text }) => ({ published: text, by })),
  )
}

function ofStacks({ kernel, stack }: PacketScope, wishes: readonly Wish[], { chains }: RuleSet): TakenPort[] {
  const publishing = ({ table, name }: BaseChain) => table.startsWith(TABLE) && table !== tableOf(stack) && roleOf(name)?.role === "output"
  const tables = new Map(chains.filter(publishing).map(({ family, table }) => [`${family} ${table}`, { family, table }]))
  return [...tables.values()].flatMap(({ family, table }) => {
    const theirs = [...publishedIn(kernel.readTable(family, table).map((rule) => ({ family: family as RuleFamily, ...rule }))).values()]
    const by = `stack ${table.slice(TABLE.length)}, which publishes it`
    return wishes.filter(({ wish }) => theirs.some((other) => clash(wish, other))).map(({ text }) => ({ published: text, by }))
  })
}

type Live = Map<string, Published>

/** What rules of a stack's table publish. */
function publishedIn(rules: RuleSet["rules"]): Live {
  const found: Live = new Map()
  for (const { family, chain, expressions } of rules) {
    const [place, words] = [roleOf(chain), wordsOf(family, expressions)]
    const port = place === undefined || words === undefined ? undefined : portOf({ family, role: place.role, words }, {})
    const published = port === undefined ? undefined : parsePublished(port.key)
    if (port !== undefined && published !== undefined) found.set(port.key, published)
  }
  return found
}

// ---------------------------------------------------------------- whose address

/** The host's own addresses, and those that the stack is to give it. */
function absentAddresses({ host, desired }: PacketScope, published: readonly string[]): string[] {
  const wanted = new Set(
    published.flatMap((text) => parsePublished(text)?.host ?? []).filter((one) => !isEverywhere(one) && !isLoopback(one)),
  )
  if (wanted.size === 0) return []
  const coming = desired.resources.flatMap(({ kind, attributes }) => {
    if (kind === "bridge") return (attributes as unknown as BridgeAttributes).address
    if (kind !== "veth") return []
    return (attributes as unknown as VethAttributes).endpoints.filter((end) => end.container === "host").flatMap((end) => end.address)
  })
  const all = new Set([...host.addresses.map(({ address }) => address), ...coming].map((address) => address.replace(/\/.*/, "")))
  return [...wanted].filter((address) => !all.has(address))
}
