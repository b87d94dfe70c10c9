import type { RuleFamily } from "./packet-rules.ts"

/** The part of the kernel port that knows what the kernel remembers of who sends to whom: nf_conntrack, in the network namespace of this process. conntrack(8) */
export interface Flows {
  /** Those of UDP; none where this kernel has no nf_conntrack, or this process may not know. Throws KernelError. */
  flows(): Flow[]
  /** The next packet of each is looked at as if it were the first. One that is gone already is no mistake. Throws KernelError. */
  forgetFlows(flows: readonly Flow[]): void
}

/** Packets of UDP that go to and fro between two. */
export interface Flow {
  family: RuleFamily
  /** By which the kernel tells it from a later one between the same two. */
  id: number
  /** As the first packet was sent, before anything was written over in it. */
  sent: Ends
  /** As an answer comes in: from whom the packets were led to. */
  answered: Ends
}

export interface Ends {
  from: string
  fromPort: number
  to: string
  toPort: number
}

/** Its forgetting in the words of conntrack(8). */
export function flowTwin({ sent: { from, fromPort, to, toPort } }: Flow): string {
  return `conntrack -D -p udp -s ${from} -d ${to} --sport ${fromPort} --dport ${toPort}`
}
