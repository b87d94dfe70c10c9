/** Brings lists into an order that only the seed decides. xorshift32, Fisher and Yates */
export function shuffler(seed: number): <T>(list: readonly T[]) => T[] {
  let state = seed >>> 0 || 1
  const below = (limit: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
  return (list) => {
    const mixed = [...list]
    for (let i = mixed.length - 1; i > 0; i--) {
      const j = below(i + 1)
      const kept = mixed[i] as (typeof mixed)[number]
      mixed[i] = mixed[j] as (typeof mixed)[number]
      mixed[j] = kept
    }
    return mixed
  }
}
