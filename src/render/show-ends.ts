import { paint } from "./paint.ts"
import { partedTable, plainTable } from "./table.ts"

interface Traffic {
  bytes: number
  packets: number
  errors: number
  dropped: number
}

/** One end of a link as `show` tells it. What could not be read is absent. */
export interface ShownEnd {
  /** Its place: `web:eth0`, `host:lab-lan`. */
  end: string
  /** IFF_UP: somebody has set it up. */
  up?: boolean
  /** IF_OPER_*, in the kernel's words: `up`, `down`, `lowerlayerdown`, … */
  state?: string
  /** Something is there at the other end to speak to. */
  carrier?: boolean
  mac?: string
  mtu?: number
  address?: readonly string[]
  /** The other end, or the link of the host that it lies on. */
  peer?: string
  /** Of a port: what it is a port of. */
  bridge?: string
  /** Of a bridge: its ports. */
  ports?: readonly string[]
  counters?: { rx: Traffic; tx: Traffic }
}

const HEAD = ["LINK", "STATE", "PEER", "ADDRESS", "RX BYTES", "PACKETS", "ERRORS", "DROPPED", "TX BYTES", "PACKETS", "ERRORS", "DROPPED"]
const NUMBERS_FROM = 4

/** A line for each end of each link, below the resources; where the terminal is too narrow for it, several. */
export function endsText(ends: readonly ShownEnd[], { color, columns }: { color: boolean; columns?: number }): string {
  if (ends.length === 0) return ""
  const rows = [HEAD, ...ends.map((end) => [end.end, stateOf(end), peerOf(end, ends), (end.address ?? []).join(" "), ...numbersOf(end)])]
  const wide = plainTable(numbersRight(rows))
  const width = Math.max(...wide.split("\n").map((line) => line.length))
  const text = columns === undefined || width <= columns ? wide : narrowText(ends, columns)
  return `\n${color ? text.replace(/^.*/, (head) => paint(color).bold(head)) : text}`
}

function narrowText(ends: readonly ShownEnd[], columns: number): string {
  const rows = ends.map((end) => {
    const numbers = numbersOf(end)
    const told = ["rx", "tx"].map((way, i) => {
      const [bytes, packets, errors, dropped] = numbers.slice(4 * i)
      return bytes === undefined ? "" : `${way} bytes ${bytes}, packets ${packets}, errors ${errors}, dropped ${dropped}`
    })
    return { cells: [end.end, stateOf(end)], parts: [peerOf(end, ends), (end.address ?? []).join(" "), ...told] }
  })
  return partedTable(["LINK", "STATE", "DETAILS"], rows, columns)
}

/** `no carrier`: set up, and nobody at the other end. The kernel's own word follows up to a second later. */
function stateOf({ up, carrier, state = "" }: ShownEnd): string {
  if (up === undefined) return "?"
  if (!up) return "down"
  if (carrier === false) return "no carrier"
  return state === "dormant" || state === "testing" ? state : "up"
}

/** The bridge is more to a person than its port, whose own line names it as well. */
function peerOf({ peer = "", ports, bridge }: ShownEnd, ends: readonly ShownEnd[]): string {
  if (ports !== undefined) return ports.length === 1 ? "1 port" : `${ports.length} ports`
  const behind = ends.find(({ end }) => end === peer)?.bridge
  if (bridge !== undefined) return `${peer} for ${bridge}`
  return behind === undefined ? peer : `${peer} on ${behind}`
}

function numbersOf({ counters }: ShownEnd): string[] {
  if (counters === undefined) return []
  return [counters.rx, counters.tx].flatMap(({ bytes, packets, errors, dropped }) => [bytes, packets, errors, dropped].map(String))
}

/** As numbers stand in a column. */
function numbersRight(rows: readonly (readonly string[])[]): string[][] {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows.map((row) => row.map((cell, i) => (i < NUMBERS_FROM ? cell : cell.padStart(widths[i] ?? 0))))
}
