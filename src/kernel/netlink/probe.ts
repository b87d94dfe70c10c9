import { errnoOf } from "../errno.ts"
import type { Qdisc } from "../kernel.ts"
import { readAnswer } from "./answer.ts"
import type { Connection } from "./conn.ts"
import { encodeQdiscProbe } from "./rtnl/qdisc.ts"
import { eachMessage, WireWriter } from "./wire.ts"

const writer = new WireWriter(256)

/** False only where the kernel says that it knows no such kind: whoever may not ask is told when it matters. */
export function hasQdisc(connection: Connection, kind: Qdisc): boolean {
  const first = connection.shared.claim(1)
  writer.clear()
  encodeQdiscProbe(writer, first, kind)
  const received = connection.transact(writer.written())
  let errno = 0
  if (typeof received === "number") return true
  eachMessage(received, (message) => {
    errno = readAnswer(message)?.errno ?? errno
  })
  return errno !== errnoOf("ENOENT")
}
