import type { Impairment } from "../../kernel.ts"
import { eachAttribute, readU32, readU64, writeU32 } from "../attr.ts"
import { TC_LINKLAYER_ETHERNET, TCA_TBF_BURST, TCA_TBF_PARMS, TCA_TBF_RATE64, TICK_NS } from "../constants/pkt-sched.ts"
import type { WireWriter } from "../wire.ts"
import { writeU64 } from "./netem.ts"

const U32_MAX = 0xffffffff
/** The largest packet that a link can be given (mtu 65535 and its header): a bucket that holds less drops it. */
const LARGEST_PACKET = 65_535 + 14
/** What passes at once, at a rate that sends more than that in this time, and how long the rest waits at the most. */
const BURST_SECONDS = 0.01
const QUEUE_SECONDS = 0.1

/** Bytes of a token bucket for so many bytes a second. */
function bucket(bytes: number): { burst: number; limit: number } {
  const burst = Math.max(LARGEST_PACKET, Math.ceil(bytes * BURST_SECONDS))
  return { burst: Math.min(burst, U32_MAX), limit: Math.min(burst + Math.ceil(bytes * QUEUE_SECONDS), U32_MAX) }
}

/** The time that so many bytes take, in ticks. */
function ticksFor(burst: number, bytes: number): number {
  return Math.min(Math.floor(Math.floor((burst * 1e9) / bytes) / TICK_NS), U32_MAX)
}

/** The options of a tbf of `rate` bits a second: `struct tc_tbf_qopt`, and what does not fit into it. tc-tbf(8) */
export function writeTbf(w: WireWriter, rate: number): void {
  const bytes = Math.floor(rate / 8)
  const { burst, limit } = bucket(bytes)
  w.attribute(TCA_TBF_PARMS, () => {
    writeRateSpec(w, bytes)
    writeRateSpec(w, 0)
    for (const value of [limit, ticksFor(burst, bytes), 0]) w.u32(value)
  })
  writeU32(w, TCA_TBF_BURST, burst)
  if (bytes > U32_MAX) writeU64(w, TCA_TBF_RATE64, bytes)
}

/** `struct tc_ratespec`. With a link layer the kernel wants no table of what each length costs, and ignores one. */
function writeRateSpec(w: WireWriter, bytes: number): void {
  w.u8(0)
  w.u8(bytes === 0 ? 0 : TC_LINKLAYER_ETHERNET)
  w.u16(0)
  w.u16(0)
  w.u16(0)
  w.u32(Math.min(bytes, U32_MAX))
}

/** Offsets in `struct tc_tbf_qopt`. */
const RATE = 8
const PEAK = 20
const LIMIT = 24
const BUFFER = 28

/** The options of a live tbf; in `other` what of it is not as this program gives it. */
export function readTbf(bytes: Buffer, start: number, end: number): Impairment {
  let rate = 0
  let [peak, limit, buffer] = [0, 0, 0]
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (type === TCA_TBF_RATE64) rate = readU64(bytes, from, to)
    if (type !== TCA_TBF_PARMS) return
    rate = readU32(bytes, from + RATE, to)
    peak = readU32(bytes, from + PEAK, to)
    limit = readU32(bytes, from + LIMIT, to)
    buffer = readU32(bytes, from + BUFFER, to)
  })
  const usual = bucket(rate)
  const others = [
    // The kernel counts the burst in time, and has its own way of rounding it.
    ...(Math.abs(buffer - ticksFor(usual.burst, rate)) <= 1 + ticksFor(usual.burst, rate) / 1000 ? [] : [`burst ${burstOf(buffer, rate)}`]),
    ...(limit === usual.limit ? [] : [`limit ${limit}`]),
    ...(peak === 0 ? [] : ["peakrate"]),
  ]
  return { rate: rate * 8, ...(others.length === 0 ? {} : { other: others.join(", ") }) }
}

function burstOf(ticks: number, bytes: number): number {
  return Math.round((ticks * TICK_NS * bytes) / 1e9)
}
