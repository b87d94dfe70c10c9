import type { Kernel, NetDump, NetNs } from "../kernel.ts"
import type { WhenReadable } from "../poller.ts"
import { sendBatch, sendBatchLater } from "./batch.ts"
import type { NetlinkCalls } from "./conn.ts"
import { Connections } from "./conn.ts"
import { readNamespace, readTraffic } from "./namespace.ts"
import { withRest } from "./namespace-rest.ts"
import { hasQdisc } from "./probe.ts"
import { readRouting } from "./routing.ts"

export interface Rest {
  /** A dump with what its three tables do not tell. Throws KernelError. */
  rest(ns: NetNs, dump: NetDump): NetDump
}

/** The rtnetlink half of the kernel port. Without `readable`, later is at once. rtnetlink(7) */
export function openNet(
  ffi: NetlinkCalls,
  readable: WhenReadable = () => Promise.resolve(),
): Pick<Kernel, "dump" | "counters" | "routing" | "net" | "netLater" | "cookie" | "hasQdisc"> & Rest {
  const connections = new Connections(ffi)
  return {
    dump: (ns) => connections.use(ns, readNamespace),
    rest: (ns, dump) => connections.use(ns, (connection) => withRest(connection, dump)),
    counters: (ns) => connections.use(ns, readTraffic),
    routing: (ns) => connections.use(ns, readRouting),
    cookie: (ns) => connections.use(ns, (connection) => connection.cookie()),
    hasQdisc: (kind) => connections.use("host", (connection) => hasQdisc(connection, kind)),
    net: (ns, requests) => sendBatch(connections, ns, requests),
    netLater: (ns, requests) => sendBatchLater(connections, ns, requests, readable),
  }
}
