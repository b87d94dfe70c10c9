const PRIME = 0x01000193
const BASIS = 0x811c9dc5
const OTHER_BASIS = 0x9747b28c

/** Unpaired surrogates become U+FFFD, as every encoder has it. */
const UTF8 = new TextEncoder()

/** FNV-1a over the text's UTF-8 bytes, finished so that near texts differ in all bits: stable across runs and machines. 32 bits, unsigned. */
export function hash32(text: string): number {
  const bytes = UTF8.encode(text)
  const { length } = bytes
  let hash = BASIS
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] as number), PRIME)
  return mixed(hash)
}

/** Two independent 32-bit hashes: for fingerprints, not against an adversary. One pass for both: a stack has thousands. */
export function hashes(text: string): readonly [number, number] {
  const bytes = UTF8.encode(text)
  const { length } = bytes
  let one = BASIS
  let other = OTHER_BASIS
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] as number
    one = Math.imul(one ^ byte, PRIME)
    other = Math.imul(other ^ byte, PRIME)
  }
  return [mixed(one), mixed(other)]
}

/** The same as 16 hexadecimal digits. */
export function hash64(text: string): string {
  const [one, other] = hashes(text)
  return hexadecimal(one) + hexadecimal(other)
}

function hexadecimal(value: number): string {
  return value.toString(16).padStart(8, "0")
}

/** The avalanche of MurmurHash3's finaliser. */
function mixed(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * A name of at most `max` characters (of ASCII: bytes): itself if it fits, else its beginning, `-`, and six hexadecimal
 * digits of its hash, so that two long names stay two.
 */
export function shortened(name: string, max: number): string {
  if (name.length <= max) return name
  const digits = hexadecimal(hash32(name)).slice(0, 6)
  return `${name.slice(0, max - digits.length - 1)}-${digits}`
}
