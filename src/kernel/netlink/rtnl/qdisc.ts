import type { Impairment, LinkRef, NetRequest } from "../../kernel.ts"
import { eachAttribute, readI32, readText, readU32, writeNested, writeText } from "../attr.ts"
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST } from "../constants/netlink.ts"
import { RTM_DELQDISC, RTM_GETQDISC, RTM_NEWQDISC, TC_H_ROOT, TCA_KIND, TCA_OPTIONS } from "../constants/pkt-sched.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { readNetem, writeNetem } from "./netem.ts"
import type { Resolver } from "./resolver.ts"
import { readTbf, writeTbf } from "./tbf.ts"

/** Size of `struct tcmsg`. */
const QDISC_HEADER = 20
const REQUEST = NLM_F_REQUEST | NLM_F_ACK

function writeHeader(w: WireWriter, index: number, parent: number): void {
  for (const value of [0, index, 0, parent, 0]) w.u32(value)
}

/** `tc qdisc replace dev LINK root netem delay …`: one of the same kind is changed as it is, with what it holds. */
export function encodeImpair(w: WireWriter, sequence: number, request: NetRequest & { op: "impair" }, resolver: Resolver): void {
  w.message(RTM_NEWQDISC, REQUEST | NLM_F_CREATE | NLM_F_REPLACE, sequence, () => {
    writeHeader(w, resolver.index(request.link), TC_H_ROOT)
    writeText(w, TCA_KIND, request.qdisc)
    if (request.qdisc === "netem") w.attribute(TCA_OPTIONS, () => writeNetem(w, request.impair))
    else writeNested(w, TCA_OPTIONS, () => writeTbf(w, request.impair.rate ?? 0))
  })
}

/** `tc qdisc del dev LINK root`: the kernel gives the device back the one that it has of itself. */
export function encodeImpairDelete(w: WireWriter, sequence: number, link: LinkRef, resolver: Resolver): void {
  w.message(RTM_DELQDISC, REQUEST, sequence, () => writeHeader(w, resolver.index(link), TC_H_ROOT))
}

/**
 * `tc qdisc add dev lo root KIND` without what a kind cannot be without: the kernel looks the kind up (ENOENT: there is none), then refuses
 * (EINVAL). Nothing is changed.
 */
export function encodeQdiscProbe(w: WireWriter, sequence: number, kind: string): void {
  const lo = 1
  w.message(RTM_NEWQDISC, REQUEST | NLM_F_CREATE, sequence, () => {
    writeHeader(w, lo, TC_H_ROOT)
    writeText(w, TCA_KIND, kind)
  })
}

/** `tc qdisc show` */
export function encodeQdiscDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETQDISC, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => writeHeader(w, 0, 0))
}

/** A queue at the root of the link of that index, and what it impairs. */
interface RootQdisc {
  index: number
  handle: number
  impair: Impairment
}

/** Such a queue, or one of that kind below the queue of that handle. */
export type LiveQdisc = RootQdisc | { index: number; below: number; kind: string }

/** In the place of the minor number of a handle: which class of that qdisc is meant. */
const MINOR = 0xffff
/** The major number of TC_H_INGRESS and of clsact, which are below nothing. */
const BESIDE = 0xffff0000

/** An RTM_NEWQDISC; undefined where it neither impairs, a netem or tbf at the root of a device, nor is below another. */
export function readQdisc({ bytes, start, end }: Message): LiveQdisc | undefined {
  if (end - start < QDISC_HEADER) throw new WireError("a qdisc message without its header")
  const [index, handle, parent] = [readI32(bytes, start + 4, end), readU32(bytes, start + 8, end), readU32(bytes, start + 12, end)]
  const isRoot = parent === TC_H_ROOT
  let kind = ""
  let impair: Impairment | undefined
  eachAttribute(bytes, start + QDISC_HEADER, end, (type, from, to) => {
    // The kernel puts the kind before the options.
    if (type === TCA_KIND) kind = readText(bytes, from, to)
    else if (type === TCA_OPTIONS && isRoot && kind === "netem") impair = readNetem(bytes, from, to)
    else if (type === TCA_OPTIONS && isRoot && kind === "tbf") impair = readTbf(bytes, from, to)
  })
  if (impair !== undefined) return { index, impair, handle }
  const below = (parent & ~MINOR) >>> 0
  return isRoot || below === 0 || below === BESIDE ? undefined : { index, kind, below }
}

/**
 * What each link impairs, by its index. What somebody has put below a queue of ours holds up packets, too. What a queue is born with below it the
 * kernel does not tell (qdisc_hash_add(), net/sched/sch_api.c).
 */
export function impairments(qdiscs: readonly LiveQdisc[]): Map<number, Impairment> {
  return new Map(qdiscs.flatMap((one) => ("impair" in one ? [[one.index, withBelow(one, qdiscs)] as const] : [])))
}

function withBelow({ index, impair, handle }: RootQdisc, qdiscs: readonly LiveQdisc[]): Impairment {
  const below = qdiscs.flatMap((one) => ("below" in one && one.index === index && one.below === handle ? [`qdisc ${one.kind}`] : []))
  return below.length === 0 ? impair : { ...impair, other: [...(impair.other === undefined ? [] : [impair.other]), ...below].join(", ") }
}
