import type { Kernel } from "../kernel/kernel.ts"

/** Whose command this is: from /proc/self/status. */
export interface Who {
  uid: number
  /** "" where /etc/passwd does not say. */
  name: string
}

export function whoIs(kernel: Kernel): Who {
  const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(kernel.read("/proc/self/status") ?? "")?.[1] ?? 0)
  const lines = (kernel.read("/etc/passwd") ?? "").split("\n").map((line) => line.split(":"))
  return { uid, name: lines.find(([, , id]) => id === String(uid))?.[0] ?? "" }
}

/** A line of /etc/subuid or /etc/subgid, in the words of the file. */
export interface SubordinateIds {
  first: string
  count: string
}

/** The lines of a user's in the text of one of these files. subuid(5) */
export function rangesOf(text: string | null, { uid, name }: Who): SubordinateIds[] {
  const rows = (text ?? "").split("\n").map((line) => line.split(":"))
  const own = rows.filter(([who]) => who === String(uid) || (name !== "" && who === name))
  return own.flatMap(([, first, count]) => (first === undefined || count === undefined ? [] : [{ first, count: count.trim() }]))
}

/** The first of them. */
export function ownRange(text: string | null, who: Who): SubordinateIds | undefined {
  return rangesOf(text, who)[0]
}
