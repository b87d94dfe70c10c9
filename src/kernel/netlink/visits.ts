import { errnoOf } from "../errno.ts"
import type { Kernel, NetDump, NetNs } from "../kernel.ts"
import { RECEIVE_BUFFER, TIMEOUT_MS } from "./conn.ts"
import { keptOf } from "./kept.ts"
import { namespaceReader, namespaceRequest } from "./namespace.ts"
import { hasRest } from "./namespace-rest.ts"
import type { Rest } from "./net.ts"

/** What of libstack.so goes round namespaces. */
export interface VisitCalls {
  visitsBegin(places: Uint8Array, req: Uint8Array, kept: Uint8Array, rcvbuf: number, timeoutMs: number): number
  visitsEnd(slot: number, out: Uint8Array): number
}

/** What one place says at the most is seldom more, the host but for large stacks; the rest is asked for by itself. */
const ROOM_EACH = 4096
const ROOM_HOST = 256 * 1024

/** Each socket of a round is used once: they may all count from here. */
const FIRST = 1

/** The place where the caller is. */
const HOST = placeKey("", "")

/**
 * The round through namespaces. The host has a thread of its own: it has as many links as all of them. Whatever it does not bring, because a
 * namespace is gone, changes while it is read, or says more than there is room for, is read singly when it is asked for, and fails as that
 * does.
 */
export function openVisits(calls: VisitCalls, singly: Pick<Kernel, "dump" | "readIn"> & Rest): Pick<Kernel, "dump" | "visit"> {
  const decode = decoder()
  const visit: Kernel["visit"] = ({ dumps, files }) => {
    const others = dumps.filter((ns) => ns !== "host").map((ns) => placeKey(ns, ""))
    const answer = begin(calls, "", [...others, ...files.map((file) => placeKey(file.namespace, file.path))])
    const host = begin(calls, "host", dumps.includes("host") ? [HOST] : [])
    return {
      dump: (ns) => {
        const bytes = ns === "host" ? host(HOST) : answer(placeKey(ns, ""))
        const dump = bytes === undefined ? undefined : decode(ns, bytes)
        if (dump === undefined) return singly.dump(ns)
        return hasRest(dump) ? singly.rest(ns, dump) : dump
      },
      read: (namespace, path) => answer(placeKey(namespace, path))?.toString("utf8") ?? singly.readIn([namespace], path),
    }
  }
  // Who changes the host's links looks at them again and again.
  return { visit, dump: (ns) => (ns === "host" ? visit({ dumps: [ns], files: [] }).dump(ns) : singly.dump(ns)) }
}

/** An apply reads everything twice, and most of it is then as it was before: the same bytes, byte for byte, say the same. */
function decoder(): (ns: NetNs, bytes: Buffer) => NetDump | undefined {
  const before = new Map<NetNs, { bytes: Buffer; dump: NetDump }>()
  const [ofHost, ofOther] = [namespaceReader("host"), namespaceReader("")]
  return (ns, bytes) => {
    const known = before.get(ns)
    if (known?.bytes.equals(bytes)) return known.dump
    const dump = (ns === "host" ? ofHost : ofOther)(bytes, FIRST)
    if (dump !== undefined) before.set(ns, { bytes, dump })
    return dump
  }
}

/** Waits for all of them as soon as one is asked for. `ns`: of which sort they are, the host's or others. */
function begin(calls: VisitCalls, ns: NetNs, places: readonly string[]): (place: string) => Buffer | undefined {
  const sent = Buffer.from(places.join(""))
  const slot = places.length === 0 ? -1 : calls.visitsBegin(sent, namespaceRequest(FIRST), keptOf(ns), RECEIVE_BUFFER, TIMEOUT_MS)
  let answers: ReadonlyMap<string, Buffer> | undefined
  return (place) => {
    answers ??= slot < 0 ? new Map() : gather(calls, slot, places, ns === "host" ? ROOM_HOST : ROOM_EACH)
    return answers.get(place)
  }
}

function placeKey(ns: string, path: string): string {
  return `${ns}\0${path}\0`
}

/** The bytes of every place that answered. */
function gather(calls: VisitCalls, slot: number, places: readonly string[], each: number): ReadonlyMap<string, Buffer> {
  let out = Buffer.allocUnsafeSlow(places.length * each)
  let used = calls.visitsEnd(slot, out)
  while (used === -errnoOf("ENOBUFS")) {
    out = Buffer.allocUnsafeSlow(out.length * 4)
    used = calls.visitsEnd(slot, out)
  }
  const answers = new Map<string, Buffer>()
  for (let at = 0, i = 0; at < used; i++) {
    const length = out.readInt32LE(at)
    at += 4
    if (length < 0) continue
    answers.set(places[i] as string, out.subarray(at, at + length))
    at += length
  }
  return answers
}
