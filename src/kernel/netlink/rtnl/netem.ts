import { USUAL_QUEUE } from "../../../base/units.ts"
import type { Impairment } from "../../kernel.ts"
import { eachAttribute, readU32, readU64 } from "../attr.ts"
import {
  TCA_NETEM_CORR,
  TCA_NETEM_CORRUPT,
  TCA_NETEM_ECN,
  TCA_NETEM_JITTER64,
  TCA_NETEM_LATENCY64,
  TCA_NETEM_LOSS,
  TCA_NETEM_RATE,
  TCA_NETEM_RATE64,
  TCA_NETEM_REORDER,
  TCA_NETEM_SLOT,
  TICK_NS,
} from "../constants/pkt-sched.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"

/** Size of `struct tc_netem_qopt`; attributes follow it. */
const NETEM_OPTIONS = 24
const U32_MAX = 0xffffffff

/** A percentage as a share of 2^32 - 1, as all of netem's probabilities are. */
function probability(percent = 0): number {
  return Math.round((percent / 100) * U32_MAX)
}

/** To the digits that such a share holds. */
function percentage(share: number): number {
  return Number(((share / U32_MAX) * 100).toFixed(6))
}

/**
 * The options of a netem that does just this: what is not said is written too, as 0, because a change leaves as it is what it does not
 * speak of. net/sched/sch_netem.c
 */
export function writeNetem(w: WireWriter, impair: Impairment): void {
  const { delay = 0, jitter = 0, loss, duplicate, corrupt, reorder, rate = 0, limit = USUAL_QUEUE } = impair
  w.u32(ticks(delay))
  w.u32(limit)
  w.u32(probability(loss))
  // Without a gap netem reorders nothing, however likely it shall be.
  w.u32(reorder === undefined ? 0 : 1)
  w.u32(probability(duplicate))
  w.u32(ticks(jitter))
  writeU32s(w, TCA_NETEM_CORR, [0, 0, 0])
  writeU32s(w, TCA_NETEM_REORDER, [probability(reorder), 0])
  writeU32s(w, TCA_NETEM_CORRUPT, [probability(corrupt), 0])
  const bytes = Math.floor(rate / 8)
  if (bytes > U32_MAX) writeU64(w, TCA_NETEM_RATE64, bytes)
  writeU32s(w, TCA_NETEM_RATE, [Math.min(bytes, U32_MAX), 0, 0, 0])
  writeU64(w, TCA_NETEM_LATENCY64, delay)
  writeU64(w, TCA_NETEM_JITTER64, jitter)
}

function ticks(nanoseconds: number): number {
  return Math.min(Math.floor(nanoseconds / TICK_NS), U32_MAX)
}

function writeU32s(w: WireWriter, type: number, values: readonly number[]): void {
  w.attribute(type, () => {
    for (const value of values) w.u32(value)
  })
}

export function writeU64(w: WireWriter, type: number, value: number): void {
  writeU32s(w, type, [value % 2 ** 32, Math.floor(value / 2 ** 32)])
}

/** The options of a live netem; in `other` what it does besides. */
export function readNetem(bytes: Buffer, start: number, end: number): Impairment {
  if (end - start < NETEM_OPTIONS) throw new WireError("a netem without its options")
  const word = (at: number) => readU32(bytes, start + at, end)
  const found: Numbers = {
    ...{ delay: word(0) * TICK_NS, jitter: word(20) * TICK_NS, limit: word(4) },
    ...{ loss: percentage(word(8)), duplicate: percentage(word(16)), corrupt: 0, reorder: 0, rate: 0 },
  }
  const others = new Set<string>(word(12) > 1 ? [`gap ${word(12)}`] : [])
  eachAttribute(bytes, start + NETEM_OPTIONS, end, (type, from, to) => {
    if (type === TCA_NETEM_LATENCY64) found.delay = readU64(bytes, from, to)
    else if (type === TCA_NETEM_JITTER64) found.jitter = readU64(bytes, from, to)
    else if (type === TCA_NETEM_RATE64) found.rate = readU64(bytes, from, to) * 8
    else if (type === TCA_NETEM_RATE) readRate(found, others, bytes, from, to)
    else if (type === TCA_NETEM_REORDER) found.reorder = share(others, bytes, from, to)
    else if (type === TCA_NETEM_CORRUPT) found.corrupt = share(others, bytes, from, to)
    else if (type === TCA_NETEM_CORR && bytes.subarray(from, to).some((byte) => byte !== 0)) others.add("correlation")
    else if (type === TCA_NETEM_LOSS) others.add("loss model")
    else if (type === TCA_NETEM_ECN) others.add("ecn")
    else if (type === TCA_NETEM_SLOT) others.add("slot")
  })
  return said(found, [...others].sort().join(", "))
}

type Numbers = { [K in Exclude<keyof Impairment, "other">]-?: number }

/** `struct tc_netem_reorder`, `struct tc_netem_corrupt`: a probability and a correlation. */
function share(others: Set<string>, bytes: Buffer, from: number, to: number): number {
  if (readU32(bytes, from + 4, to) !== 0) others.add("correlation")
  return percentage(readU32(bytes, from, to))
}

/** `struct tc_netem_rate`. Where it does not hold the rate, TCA_NETEM_RATE64 before it has said it. */
function readRate(found: Numbers, others: Set<string>, bytes: Buffer, from: number, to: number): void {
  const rate = readU32(bytes, from, to)
  if (rate !== U32_MAX) found.rate = rate * 8
  if (bytes.subarray(from + 4, to).some((byte) => byte !== 0)) others.add("overhead of a packet")
}

/** Without what does nothing. */
function said({ limit, ...rest }: Numbers, other: string): Impairment {
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== 0)),
    ...(limit === USUAL_QUEUE ? {} : { limit }),
    ...(other === "" ? {} : { other }),
  }
}
