import { errnoName } from "../../errno.ts"
import type { Flow, Flows } from "../../flows.ts"
import { flowTwin } from "../../flows.ts"
import { KernelError } from "../../kernel.ts"
import { readAnswer } from "../answer.ts"
import type { NetlinkCalls } from "../conn.ts"
import { receive, unlessClosed, withSocket } from "../netfilter.ts"
import { eachMessage, WireWriter } from "../wire.ts"
import { encodeFlowDelete, encodeFlowDump, readFlow } from "./codec.ts"

const MAX_REQUEST = 256
/** For some hundred thousand flows of a busy host: what is not written to takes no memory. */
const ROOM = 64 * 1024 * 1024
const ROOM_OF_ANSWER = 4096
const FAMILIES = ["ip", "ip6"] as const

export function openFlows(calls: NetlinkCalls): Flows {
  return {
    flows: () => unlessClosed(() => withSocket(calls, (fd) => read(calls, fd)), []),
    forgetFlows(flows) {
      if (flows.length > 0) withSocket(calls, (fd) => forget(calls, fd, flows))
    },
  }
}

function read(calls: NetlinkCalls, fd: number): Flow[] {
  const found: Flow[] = []
  for (const [i, family] of FAMILIES.entries()) {
    const op = `conntrack -L -f ${family === "ip" ? "ipv4" : "ipv6"} -p udp`
    const w = new WireWriter(MAX_REQUEST)
    encodeFlowDump(w, i + 1, family)
    eachMessage(receive(calls, fd, op, w.written(), ROOM), (message) => {
      const answer = readAnswer(message)
      if (answer !== undefined && answer.errno !== 0) throw new KernelError(op, errnoName(answer.errno), answer.text)
      const flow = readFlow(message)
      if (flow !== undefined) found.push(flow)
    })
  }
  return found
}

function forget(calls: NetlinkCalls, fd: number, flows: readonly Flow[]): void {
  for (const [i, flow] of flows.entries()) {
    const w = new WireWriter(MAX_REQUEST)
    encodeFlowDelete(w, i + 1, flow)
    eachMessage(receive(calls, fd, flowTwin(flow), w.written(), ROOM_OF_ANSWER), (message) => {
      const { errno = 0, text = "" } = readAnswer(message) ?? {}
      if (errno !== 0 && errnoName(errno) !== "ENOENT") throw new KernelError(flowTwin(flow), errnoName(errno), text)
    })
  }
}
