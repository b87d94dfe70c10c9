import type { Link } from "../../kernel/kernel.ts"
import { STACK_ALIAS } from "../../model/ownership.ts"

/** What a device of the host was before it was lent to a container. */
export interface Former {
  name: string
  up: boolean
  mtu: number
  /** "": it has none. */
  mac: string
  alias: string
}

/** What the kernel holds of an alias: IFALIASZ without its NUL. linux/if.h */
const LONGEST_ALIAS = 255
const LENT = /^\S+ was (\S+) (up|down) mtu (\d+) mac (\S*)(?: alias (.*))?$/s

/**
 * The words behind the mark of a lent device: ` was eth1 up mtu 1500 mac 02:00:00:00:00:01 alias TEXT`. They are all that is kept of it:
 * docs/decisions/0025.
 */
export function formerWords({ name, up, mtu, mac, alias }: Former): string {
  return ` was ${name} ${up ? "up" : "down"} mtu ${mtu} mac ${mac}${alias === "" ? "" : ` alias ${alias}`}`
}

/** Index of the loopback link of every network namespace. LOOPBACK_IFINDEX in include/net/flow.h */
const LOOPBACK = 1

/**
 * True of a link that no program has made: hardware. Nobody in a container can make one or delete one, and the kernel itself brings it back
 * when its namespace dies (default_device_exit_net() in net/core/dev.c).
 */
export function isHardware({ kind, index }: Link): boolean {
  return kind === "" && index !== LOOPBACK
}

/**
 * What a device was that is lent; undefined of every other link, whatever its alias says: in a container that is its root's to set. For the
 * same reason it gets back no alias that would be a stack's mark.
 */
export function formerOf(link: Link): Former | undefined {
  const [, name = "", state, mtu, mac = "", alias = ""] = (isHardware(link) ? LENT.exec(link.alias) : null) ?? []
  if (name === "") return undefined
  return { name, up: state === "up", mtu: Number(mtu), mac, alias: alias.startsWith(STACK_ALIAS) ? "" : alias }
}

export function formerOfHost({ name, up, mtu, mac, alias }: Link): Former {
  return { name, up, mtu, mac, alias }
}

/** Whether the mark and what is to be kept of a device have room in its alias. */
export function hasRoom(mark: string, former: Former): boolean {
  return Buffer.byteLength(`${mark}${formerWords(former)}`) <= LONGEST_ALIAS
}

/** The mark alone. */
export function markOf(alias: string): string {
  return alias.split(" ", 1)[0] ?? ""
}
