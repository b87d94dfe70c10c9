import type { BridgeOptions } from "../../base/bridge-options.ts"

/** What a bridge is, in canonical form; options that are as usual are absent. https://docs.kernel.org/networking/bridge.html */
export interface BridgeAttributes extends BridgeOptions {
  /** The kernel's name, at most 15 bytes. */
  interface: string
  /** The mark by which it is the stack's. */
  alias: string
  /** On the host's side, canonical and sorted. */
  address: string[]
  mtu: number
  mac: string
  stp: boolean
  vlan_filtering: boolean
  /** Seconds. */
  ageing_time: number
  /** Administratively up; there is no key for it: a bridge is up. */
  up: boolean
  /** Only ever observed: another group than the stack's, into which somebody has put it. */
  group?: number
  /** Of one that is given back as it was found, and of none else: its name of the file, which it had besides. */
  altname?: string
  /** Of one that is given back unmarked, and of none else: the group that it was in. */
  unmarked_group?: number
}
