import { hash64 } from "./hash.ts"

/** `02-00-00-00-00-01` or `02:0:0:0:0:1` as `02:00:00:00:00:01`; undefined for what is no unicast MAC address. */
export function parseMac(text: string): string | undefined {
  if (!/^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(text)) return undefined
  const bytes = text.split(/[:-]/).map((part) => Number.parseInt(part, 16))
  const unicast = ((bytes[0] ?? 1) & 1) === 0 && bytes.some((byte) => byte !== 0)
  return unicast ? bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":") : undefined
}

/** A locally administered unicast address (IEEE 802, second bit of the first byte) out of a seed: the same seed, the same address. */
export function deriveMac(seed: string): string {
  const digits = hash64(`mac/${seed}`)
  return `02:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}:${digits.slice(6, 8)}:${digits.slice(8, 10)}`
}
