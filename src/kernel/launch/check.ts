import type { Buffer } from "node:buffer"
import { MAGIC, RecordWriter } from "./bytes.ts"
import type { Identity } from "./identity.ts"
import { writeIdentity } from "./identity.ts"

const MODE_CHECK = 2

/** A check that a monitor runs in its container now and then. Times are milliseconds. */
export interface CheckRecord extends Identity {
  interval: number
  timeout: number
  startPeriod: number
  startInterval: number
  retries: number
  /** As of an exec. */
  cgroupFiles: readonly string[]
}

/** Whether a file read as a text begins as one that a monitor understands. */
export function isCheck(text: string | null): boolean {
  return text?.startsWith(`STK1${String.fromCharCode(MODE_CHECK)}\0\0\0`) === true
}

/** The bytes of `check` in the run folder. native/README.md @throws KernelError EINVAL as `encodeRecord` */
export function encodeCheck(check: CheckRecord): Buffer {
  const writer = new RecordWriter()
    .u32(MAGIC, "magic")
    .u32(MODE_CHECK, "mode")
    .u32(check.interval, "interval")
    .u32(check.timeout, "timeout")
    .u32(check.startPeriod, "start_period")
    .u32(check.startInterval, "start_interval")
    .u32(check.retries, "retries")
    .texts(check.cgroupFiles, "cgroup file")
  writeIdentity(writer, check)
  return writer.bytes()
}
