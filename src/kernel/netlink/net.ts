import type { Kernel } from "../kernel.ts"
import { sendBatch } from "./batch.ts"
import type { NetlinkCalls } from "./conn.ts"
import { Connections } from "./conn.ts"
import { readNamespace } from "./dump.ts"

/** The rtnetlink half of the kernel port. rtnetlink(7) */
export function openNet(ffi: NetlinkCalls): Pick<Kernel, "dump" | "net"> {
  const connections = new Connections(ffi)
  return {
    dump: (ns) => connections.use(ns, readNamespace),
    net: (ns, requests) => sendBatch(connections, ns, requests),
  }
}
