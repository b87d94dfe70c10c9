import type { Impair } from "../link/spec-impair.ts"

/** A veth pair that no bridge joins. */
export interface VethAttributes {
  /**
   * In the order of the file. `container` is an address, or `host`. `master` is only ever observed, on the host: the bridge that
   * somebody made the end a port of. `unmarked` only in a pair that is given back: what the end bore before it was adopted.
   */
  endpoints: {
    container: string
    interface: string
    address: string[]
    mac: string
    up: boolean
    /** What befalls what this end sends; absent: nothing. */
    impair?: Impair
    /** Of the host's end: the host takes addresses and routes from routers there; absent: it does not. */
    accept_ra?: true
    master?: string
    /** Only ever observed: the routes to the subnets of its addresses that are left, where one is not there. */
    prefix_routes?: string[]
    /** Only ever observed: another group than the stack's, into which somebody has put it. */
    group?: number
    unmarked?: { alias: string; group: number }
  }[]
  mtu: number
  /** The mark of both ends, by which they are the stack's. */
  alias: string
}
