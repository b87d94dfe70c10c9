import type { Link } from "../../kernel/kernel.ts"

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

/** What a device was that is lent; undefined of every other link. */
export function formerOf({ alias }: Pick<Link, "alias">): Former | undefined {
  const [, name = "", state, mtu, mac = "", former = ""] = LENT.exec(alias) ?? []
  return name === "" ? undefined : { name, up: state === "up", mtu: Number(mtu), mac, alias: former }
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
