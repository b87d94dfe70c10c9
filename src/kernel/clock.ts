/** Milliseconds of a clock that never goes back. `performance.now()` is the same, but the first use of it loads a module of Node's. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
