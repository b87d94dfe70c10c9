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
