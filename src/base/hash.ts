/** FNV-1a over the text's UTF-8 bytes, finished so that near texts differ in all bits: stable across runs and machines. 32 bits, unsigned. */
export function hash32(text: string): number {
  return mixed(fnv1a(text, 0x811c9dc5))
}

/** Two independent 32-bit hashes as 16 hexadecimal digits: for fingerprints, not against an adversary. */
export function hash64(text: string): string {
  return [mixed(fnv1a(text, 0x811c9dc5)), mixed(fnv1a(text, 0x9747b28c))].map((half) => half.toString(16).padStart(8, "0")).join("")
}

function fnv1a(text: string, basis: number): number {
  let hash = basis
  for (const byte of utf8(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** The avalanche of MurmurHash3's finaliser. */
function mixed(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Bytes of a text; unpaired surrogates become U+FFFD, as every encoder has it. */
function* utf8(text: string): Generator<number> {
  for (const character of text) {
    let code = character.codePointAt(0) as number
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd
    if (code < 0x80) yield code
    else if (code < 0x800) yield* [0xc0 | (code >> 6), 0x80 | (code & 63)]
    else if (code < 0x10000) yield* [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
    else yield* [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
  }
}

/**
 * A name of at most `max` characters (of ASCII: bytes): itself if it fits, else its beginning, `-`, and six hexadecimal
 * digits of its hash, so that two long names stay two.
 */
export function shortened(name: string, max: number): string {
  if (name.length <= max) return name
  const digits = hash32(name).toString(16).padStart(8, "0").slice(0, 6)
  return `${name.slice(0, max - digits.length - 1)}-${digits}`
}
