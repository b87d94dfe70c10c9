import { parseMac } from "../../base/mac.ts"
import type { Draft } from "../resolve.ts"
import { clashFinder } from "./clashes.ts"

/** One MAC address twice in the stack. */
export function checkMacs(draft: Draft): void {
  const clash = clashFinder({
    code: "mac-clash",
    what: (mac) => `MAC address ${mac}`,
    hint: "leave `mac` out: one is derived that no other has",
    replicasHint: "leave `mac` out: each replica gets one of its own",
  })
  for (const { attributes, entry, source, value } of [...draft.bridges, ...draft.interfaces]) {
    if (isWritten(value.mac) && attributes.mac !== undefined) clash(attributes.mac, { who: entry.address, entry, source, path: ["mac"] })
  }
  for (const { attributes, entry, source, value } of draft.interfaces) {
    const { host_end: port } = attributes
    if (isWritten(value.host_end?.mac) && port !== undefined)
      clash(port.mac, { who: entry.address, entry, source, path: ["host_end", "mac"] })
  }
  for (const { attributes, entry, source, value } of draft.veths) {
    for (const [i, end] of attributes.endpoints.entries()) {
      const written = value.endpoints?.[i]
      const path = ["endpoints", i, "mac"]
      if (typeof written === "object" && isWritten(written.mac)) clash(end.mac, { who: entry.address, entry, source, path })
    }
  }
}

/** Derived ones differ with the names, and two of one name are told already. */
function isWritten(mac: string | undefined): boolean {
  return mac !== undefined && parseMac(mac) !== undefined
}
