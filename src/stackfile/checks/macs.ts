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
    if (value.mac === undefined || parseMac(value.mac) !== undefined) {
      clash(attributes.mac, { who: entry.address, entry, source, path: value.mac === undefined ? [] : ["mac"] })
    }
  }
  for (const { attributes, entry, source } of draft.veths) {
    for (const [i, end] of attributes.endpoints.entries()) {
      const path = entry.has(["endpoints", i, "mac"]) ? ["endpoints", i, "mac"] : ["endpoints", i]
      clash(end.mac, { who: entry.address, entry, source, path })
    }
  }
}
