import type { Buffer } from "node:buffer"
import type { LaunchRecord } from "../kernel.ts"
import { MAGIC, RecordWriter } from "./bytes.ts"
import { writeRun } from "./record.ts"

const MODE_AGAIN = 3

/** How a monitor starts its command again. */
export interface AgainRecord {
  /** When: `always`, `on-failure`, `on-failure:3`, `unless-stopped`, `unless-healthy`. */
  restart: string
  /** Its pid: no other monitor of the container, such as one that another one takes the place of, heeds it. */
  monitor: number
  /** By which one that is unhealthy is asked to end, and how many milliseconds it is given for that. */
  stopSignal: number
  graceMs: number
  /** As at a first launch; its `files` are those of that one, and not in here. */
  launch: LaunchRecord
}

/** The words at its beginning, for who reads the file as a text; undefined of anything else. Between them are lengths below 128, of four bytes. */
export function parseAgain(text: string | null): Pick<AgainRecord, "restart" | "monitor"> | undefined {
  const parts = (text ?? "").split("\0", 11)
  const [restart, monitor] = [parts[6], parts[10]]
  if (parts[0] !== `STK1${String.fromCharCode(MODE_AGAIN)}` || restart === undefined || monitor === undefined) return undefined
  return { restart, monitor: Number(monitor) }
}

/** The bytes of `launch` in the run folder. native/README.md @throws KernelError EINVAL as `encodeRecord` */
export function encodeAgain({ restart, monitor, stopSignal, graceMs, launch }: AgainRecord): Buffer {
  const writer = new RecordWriter()
    .u32(MAGIC, "magic")
    .u32(MODE_AGAIN, "mode")
    .text(restart, "restart")
    .text(String(monitor), "monitor")
    .u32(stopSignal, "stop signal")
    .u32(graceMs, "grace period")
  writeRun(writer, { ...launch, files: [] })
  return writer.bytes()
}
