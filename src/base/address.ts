/** The name of a resource in plans, flags and messages: `bridge.lan`, `interface.web.eth0`, `container.web[0]`. Never a pid or an ifindex. */
export type Address = string

/** `kind.name`, e.g. `addressOf("interface", "web.eth0")`. */
export function addressOf(kind: string, name: string): Address {
  return `${kind}.${name}`
}

/** The two halves of an address; the name keeps its own dots. */
export function splitAddress(address: Address): { kind: string; name: string } {
  const dot = address.indexOf(".")
  return dot < 0 ? { kind: address, name: "" } : { kind: address.slice(0, dot), name: address.slice(dot + 1) }
}
