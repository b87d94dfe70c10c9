/** One line that a container has printed. Text is latin1: a byte each, whatever the container meant by them. */
export interface LogLine {
  /** RFC 3339, as the monitor wrote it. */
  time: string
  stream: "stdout" | "stderr"
  text: string
  /** False for what came at the very end, without a line break. */
  whole: boolean
}

/**
 * Puts the monitor's records together: `TIME STREAM F TEXT` is a line or the end of one, `TIME STREAM P TEXT` a part of one
 * (the CRI's log format). Fed in any pieces.
 */
export class LogReader {
  #rest = ""
  readonly #parts = new Map<string, { time: string; text: string }>()

  /** The lines that have become whole. */
  feed(text: string): LogLine[] {
    const records = (this.#rest + text).split("\n")
    this.#rest = records.pop() ?? ""
    return records.flatMap((record) => this.#line(record) ?? [])
  }

  /** What is left when nothing more will come. */
  end(): LogLine[] {
    const left = [...this.#parts].map(([stream, { time, text }]) => ({ time, stream: stream as LogLine["stream"], text, whole: false }))
    this.#parts.clear()
    return left
  }

  #line(record: string): LogLine | undefined {
    const match = /^(\S+) (stdout|stderr) ([FP]) (.*)$/s.exec(record)
    if (match === null) return undefined
    const [, time = "", stream = "", tag, text = ""] = match
    const begun = this.#parts.get(stream)
    const joined = { time: begun?.time ?? time, text: (begun?.text ?? "") + text }
    if (tag === "P") {
      this.#parts.set(stream, joined)
      return undefined
    }
    this.#parts.delete(stream)
    return { ...joined, stream: stream as LogLine["stream"], whole: true }
  }
}
