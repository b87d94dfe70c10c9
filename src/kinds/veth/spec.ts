/** A veth pair that no bridge joins. */
export interface VethAttributes {
  /** In the order of the file. `container` is an address, or `host`. */
  endpoints: { container: string; interface: string; address: string[]; mac: string; up: boolean }[]
  mtu: number
  /** The mark of both ends, by which they are the stack's. */
  alias: string
}
