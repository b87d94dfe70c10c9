import { hashes } from "./hash.ts"
import { HEX } from "./hex.ts"

/** `02-00-00-00-00-01` or `02:0:0:0:0:1` as `02:00:00:00:00:01`; undefined for what is no unicast MAC address. */
export function parseMac(text: string): string | undefined {
  const mac = parseAnyMac(text)
  return mac === undefined || mac === NO_MAC || isGroupMac(mac) ? undefined : mac
}

/** The same of any MAC address, that of a group and that of none too. */
export function parseAnyMac(text: string): string | undefined {
  if (!/^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(text)) return undefined
  const bytes = text.split(/[:-]/).map((part) => Number.parseInt(part, 16))
  return bytes.map((byte) => HEX[byte]).join(":")
}

export const NO_MAC = "00:00:00:00:00:00"

/** Whether a canonical MAC address is that of a group: the first bit that is sent. IEEE 802 */
export function isGroupMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
}

/** A locally administered unicast address (IEEE 802, second bit of the first byte) out of a seed: the same seed, the same address. */
export function deriveMac(seed: string): string {
  const [one, other] = hashes(`mac/${seed}`)
  return `02:${HEX[one >>> 24]}:${HEX[(one >>> 16) & 255]}:${HEX[(one >>> 8) & 255]}:${HEX[one & 255]}:${HEX[other >>> 24]}`
}
