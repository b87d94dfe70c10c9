import type { LinkRef } from "../../kernel.ts"
import { writeRaw, writeText } from "../attr.ts"
import { IFF_UP, IFLA_ADDRESS, IFLA_IFNAME } from "../constants/if-link.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"

/** Size of `struct ifinfomsg`. */
export const LINK_HEADER = 16

/** `struct ifinfomsg`; index 0: found by name. `up` undefined: IFF_UP is left as it is. rtnetlink(7) */
export function writeLinkHeader(w: WireWriter, index: number, up?: boolean): void {
  w.u32(0)
  w.u32(index)
  w.u32(up === true ? IFF_UP : 0)
  w.u32(up === undefined ? 0 : IFF_UP)
}

/** The header of a request for one link: by its index, or by IFLA_IFNAME where it has that name. */
export function writeLinkTarget(w: WireWriter, link: LinkRef, up?: boolean): void {
  writeLinkHeader(w, typeof link === "number" ? link : 0, up)
  if (typeof link === "string") writeText(w, IFLA_IFNAME, link)
}

/** IFLA_ADDRESS out of `02:00:00:00:00:01`. */
export function writeMac(w: WireWriter, mac: string): void {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) throw new WireError(`"${mac}" is no MAC address`)
  writeRaw(w, IFLA_ADDRESS, Buffer.from(mac.replaceAll(":", ""), "hex"))
}
