import type { Entry, KnownBridge } from "../../model/entry.ts"

/** An entry in which nothing is written: what a kind makes of it is the usual. */
export function bareEntry(stack: string, kind: string, name: string, bridge?: KnownBridge): Entry {
  return {
    stack,
    address: `${kind}.${name}`,
    originOf: (address) => address,
    name,
    report: () => undefined,
    reportKey: () => undefined,
    written: () => undefined,
    has: () => false,
    misspelt: () => false,
    absolute: (_path, text) => text,
    bridge: () => bridge,
    cgroup: () => undefined,
    idmap: () => undefined,
    volume: () => undefined,
    source: () => undefined,
    envFile: () => ({}),
    textFile: () => undefined,
    environment: {},
  }
}
