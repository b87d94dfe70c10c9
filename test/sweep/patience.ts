const TICK_MS = 250

/**
 * Calls `late` once this process has run for so long, unless it is called off before, by what is given back. The time in which it was stopped is
 * not counted: whoever holds a sweep up for a while (SIGSTOP) makes no command one that hangs.
 */
export function after(ms: number, late: () => void): () => void {
  let left = ms
  const timer = setInterval(() => {
    left -= TICK_MS
    if (left > 0) return
    clearInterval(timer)
    late()
  }, TICK_MS)
  return () => clearInterval(timer)
}
