import { join } from "node:path"
import { errnoName } from "./errno.ts"
import type { Ffi } from "./ffi.ts"
import { nativeFolder } from "./ffi.ts"
import type { NetNs, ProcessId } from "./kernel.ts"
import { KernelError } from "./kernel.ts"

/** Packets of one link, as a pcap file or stream. */
export interface CaptureJob {
  /** As it is told: `r1:eth1`. */
  name: string
  /** ifindex, in that namespace. */
  index: number
  ns: NetNs
  /** Who holds the namespace: when that is gone for good, so is the link. Absent for the host's. */
  holder?: ProcessId
  /** Which is not there yet; absent: standard output. */
  file?: string
  /** Packets; absent: no end. */
  count?: number
  /** So many bytes of each packet at the most. */
  snaplen: number
  /** How long; absent: no end. */
  milliseconds?: number
  /** Which packets; absent: all. */
  filter?: CaptureFilter
}

/** struct sock_filter[] for a link whose packets begin with an Ethernet header, and for one whose packets do not. SO_ATTACH_FILTER, socket(7) */
export interface CaptureFilter {
  ethernet: Uint8Array
  /** Absent where it looks at what only an Ethernet header has. */
  plain?: Uint8Array
}

/**
 * This process becomes `stack-capture` (native/README.md), so that no packet passes Node, and signals, output and exit status are its own.
 * Throws a KernelError where it could not even begin.
 */
export function becomeCapture(ffi: Ffi, job: CaptureJob, folder: string = nativeFolder()): never {
  const { name, index, ns, holder, file = "", count = 0, snaplen, milliseconds = 0, filter } = job
  const program = join(folder, "stack-capture")
  const numbers = [count, snaplen, Math.ceil(milliseconds)].map(String)
  const hex = (code: Uint8Array | undefined) => (code === undefined ? "-" : Buffer.from(code).toString("hex"))
  const filters = filter === undefined ? ["", ""] : [hex(filter.ethernet), hex(filter.plain)]
  const argv = ["stack-capture", name, String(index), ns, String(holder?.pid ?? 0), holder?.startTime ?? "", file, ...numbers, ...filters]
  const words = Buffer.from(argv.map((word) => `${word}\0`).join(""))
  throw new KernelError(`run ${program}`, errnoName(ffi.exec(program, words, Buffer.alloc(0))))
}
