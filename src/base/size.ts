const UNITS: { readonly [unit: string]: number } = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 }

/**
 * Bytes of a size as compose and the kernel write it: `67108864`, `64M`, `64MB`, `64MiB`, `1.5g`; every unit is a power of 1024.
 * undefined for anything else, and for what does not come out as a whole, safe number.
 */
export function parseSize(size: string | number): number | undefined {
  const match = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgtp]?)(?:i?b)?\s*$/i.exec(String(size))
  if (match === null) return undefined
  const bytes = Math.round(Number(match[1]) * (UNITS[(match[2] ?? "").toLowerCase()] as number))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The shortest exact spelling: `64M`, `1536K`, `67108865`. */
export function formatSize(bytes: number): string {
  const units = ["P", "T", "G", "M", "K"]
  for (const unit of units) {
    const factor = UNITS[unit.toLowerCase()] as number
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return String(bytes)
}
