/** The part of the kernel port that filters and rewrites packets: nf_tables, in the network namespace of this process. nft(8) */
export interface PacketRules {
  /**
   * One reading of which tables and base chains there are, of whomever, and of the rules in the tables of this name. Null where this
   * process may not know, or this kernel has no nf_tables. Throws KernelError.
   */
  readRules(table: string): RuleSet | null
  /** The rules of one table, of any family (`inet`); none where there is no such table. Throws KernelError. */
  readTable(family: string, table: string): Rule[]
  /** All of these changes at one moment, or none of them. Throws KernelError with what was refused. */
  changeRules(changes: readonly RuleChange[]): void
}

/** `ip6` holds IPv6 packets alone, `ip` IPv4 ones. */
export type RuleFamily = "ip" | "ip6"

export interface RuleSet {
  /** The tables of both families. Packets come to no chain of one that is dormant. */
  tables: { family: RuleFamily; name: string; dormant?: true }[]
  /** Chains that packets come to by themselves, of all families. */
  chains: BaseChain[]
  /** Those that they come to by a jump alone, of both families. */
  inner: { family: RuleFamily; table: string; name: string }[]
  /** In the order in which packets come to them. */
  rules: (Rule & { family: RuleFamily })[]
}

export interface Rule {
  chain: string
  expressions: Expression[]
}

export interface BaseChain {
  /** `ip`, `ip6`, or what else there is: `inet`, `bridge`, … */
  family: string
  table: string
  name: string
  /** `nat`, `filter`, `route` */
  type: string
  /** `prerouting`, `input`, `forward`, `output`, `postrouting`; of other families a number. */
  hook: string
  priority: number
  policy: "accept" | "drop"
  /** As nft shows it; "": none. */
  comment: string
}

/** What a rule does with each packet, one after the other; all that compute do so in one register. */
export type Expression =
  /** Reads `length` bytes of the network header, or of the one behind it. */
  | { is: "payload"; offset: number; length: number; header?: "transport" }
  /** Keeps the bits of the mask, which is hexadecimal. */
  | { is: "mask"; mask: string }
  /** Goes on only if what was read compares so with the value, which is hexadecimal. */
  | { is: "cmp"; op: "==" | "!=" | "<=" | ">="; value: string }
  /** Reads the name of the link by which the packet came, or leaves. */
  | { is: "iifname" }
  | { is: "oifname" }
  /** Reads the number of the transport protocol: one byte. */
  | { is: "l4proto" }
  /** Reads the bits of what has become of the connection: a number of four bytes as this machine writes it. */
  | { is: "ct-status" }
  /** Reads what sort of address one of the packet's is, `RTN_…`: a number of four bytes as this machine writes it. */
  | { is: "fib-type"; of: "saddr" | "daddr" }
  /** Writes a value, which is hexadecimal, into the first register or the second. */
  | { is: "immediate"; register: 1 | 2; value: string }
  /** Sends the packet to the address in the first register, and the port in the second. */
  | { is: "dnat"; family: RuleFamily; port: boolean }
  | { is: "masquerade" }
  | { is: "drop" }
  | { is: "accept" }
  | { is: "jump"; chain: string }
  /** Nothing that this program writes. */
  | { is: "other"; name: string }

export type RuleChange =
  /** It may be there already, and is dormant no more. */
  | { op: "table-add"; family: RuleFamily; table: string }
  /** With all that is in it. */
  | { op: "table-delete"; family: RuleFamily; table: string }
  | { op: "chain-add"; family: RuleFamily; chain: Omit<BaseChain, "family"> }
  | { op: "inner-add"; family: RuleFamily; table: string; chain: string }
  /** With its rules; none may jump to it any more. */
  | { op: "chain-delete"; family: RuleFamily; table: string; chain: string }
  /** Behind those that are there. */
  | { op: "rule-add"; family: RuleFamily; table: string; chain: string; expressions: readonly Expression[] }
