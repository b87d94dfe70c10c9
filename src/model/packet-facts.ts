/** What of this host matters to bridges whose packets are passed on, or who have ports of the host lead to their containers. */
export interface PacketFacts {
  /** Chains of others that drop what they do not accept of what is passed on, and the bridges that no rule in their table names. */
  drops: readonly ForwardDrop[]
  /** Of the ports that are to be published those that somebody has already, by what is published. */
  taken: readonly TakenPort[]
  /** Of the addresses that ports are to be published at those that the host does not have, nor comes to have. */
  absent: readonly string[]
  /** What is published already, by the stack itself. */
  live: readonly string[]
}

export interface ForwardDrop {
  family: string
  table: string
  chain: string
  /** Kernel names of the bridges. */
  bridges: readonly string[]
  /** An inner chain of the same table that is there for rules of whoever, as docker makes one. */
  door?: string
}

export interface TakenPort {
  /** As the file has it: `8080/tcp`. */
  published: string
  /** Who has it: `a socket of nginx (process 123)`. */
  by: string
}
