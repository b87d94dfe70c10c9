import type { LinkRef, NetNs } from "../../kernel.ts"

/** What a request's names stand for in the kernel: link indexes, and descriptors of open namespace files. */
export interface Resolver {
  index(link: LinkRef): number
  netNs(ns: NetNs): number
}
