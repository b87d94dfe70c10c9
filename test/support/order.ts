/** The same order for the same seed: a small linear congruential generator is enough of chance here. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const order = [...items]
  let state = (seed * 2654435761 + 1) >>> 0
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const j = Math.floor((state / 2 ** 32) * (i + 1))
    ;[order[i], order[j]] = [order[j] as T, order[i] as T]
  }
  return order
}
