import type { Impair } from "../link/spec-impair.ts"

/**
 * A container's interface on a bridge: a veth pair whose one end is a port of the bridge on the host and whose other
 * end is named `interface` in the container's network namespace. Resource name: `CONTAINER.INTERFACE`.
 */
export interface InterfaceAttributes {
  /** Address of the bridge, `bridge.lan`. */
  bridge: string
  /** The bridge's kernel name: what the port's master must be. */
  master: string
  /** Address of the container, `container.web`. */
  container: string
  /** Name inside, `eth0`. */
  interface: string
  /** Name of the port on the host, at most 15 bytes. */
  host_interface: string
  /** The mark of the port, by which it is the stack's. */
  alias: string
  /** Inside, canonical and sorted; `["auto"]` until the planner has chosen. */
  address: string[]
  /** Default gateways, one for each family at most. */
  gateway: string[]
  mac: string
  /** Of both ends. */
  mtu: number
  /** Inside. */
  up: boolean
  /** The port on the host: it is up, and only the bridge speaks for it. */
  host_end: { mac: string; address: string[]; up: boolean; impair?: Impair }
  /** What befalls what the container sends; absent: nothing. */
  impair?: Impair
}
