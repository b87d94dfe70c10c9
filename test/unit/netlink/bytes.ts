import type { NetNs, NetRequest } from "../../../src/kernel/kernel.ts"
import { encodersOf, homeOf, withNamespaces } from "../../../src/kernel/netlink/request.ts"
import type { Message } from "../../../src/kernel/netlink/wire.ts"
import { eachMessage, WireWriter } from "../../../src/kernel/netlink/wire.ts"

/** Bytes out of hex digits; spaces, line ends and `# words` to the end of a line do not count. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/#.*$/gm, "").replace(/\s+/g, ""), "hex")
}

/** Hex in lines of eight bytes, so that a difference shows where it is. */
export function lines(bytes: Uint8Array): string {
  return (
    Buffer.from(bytes)
      .toString("hex")
      .match(/.{1,16}/g) ?? []
  ).join("\n")
}

/** The messages of one request of a batch for `ns`, numbered from 1; `br-lan` is link 7, the namespace `/ns/web` descriptor 9. */
export function encoded(request: NetRequest, ns: NetNs = "host"): Buffer {
  const w = new WireWriter(4096)
  const indexes: { [name: string]: number } = { "br-lan": 7, eth0: 2 }
  const files: { [name: string]: number } = { "/ns/web": 9, host: 8 }
  const resolver = {
    index: (link: number | string) => (typeof link === "number" ? link : (indexes[link] ?? 0)),
    netNs: (path: NetNs) => files[path] ?? 0,
  }
  const complete = withNamespaces(request, ns)
  for (const [i, encode] of encodersOf(complete, homeOf(request, ns), resolver).entries()) encode(w, i + 1)
  return Buffer.from(w.written())
}

export function messagesIn(bytes: Buffer): Message[] {
  const messages: Message[] = []
  eachMessage(bytes, (message) => messages.push(message))
  return messages
}
