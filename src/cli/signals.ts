/**
 * Runs work that ends early, and in order, when a person or the system asks: the first SIGINT or SIGTERM aborts the
 * signal, any further one only says that the running steps are being waited for.
 */
export async function interruptible<T>(note: (text: string) => void, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const interrupted = () => {
    note(controller.signal.aborted ? "Still ending the running steps." : "Interrupted: ending the running steps, starting no others.")
    controller.abort()
  }
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted)
  try {
    return await work(controller.signal)
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted)
  }
}

/** Runs work that must not end early: a signal is answered with a word. */
export async function uninterrupted<T>(note: (text: string) => void, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const asked = () => note("This goes on to its end.")
  process.on("SIGINT", asked).on("SIGTERM", asked).on("SIGHUP", asked)
  try {
    return await work(new AbortController().signal)
  } finally {
    process.off("SIGINT", asked).off("SIGTERM", asked).off("SIGHUP", asked)
  }
}
