/** The largest number of a VLAN: 0 and 4095 are none. IEEE 802.1Q */
export const LAST_VLAN = 4094

/** The VLANs of a port, by number: how its frames come and go. */
type Members = Map<number, { pvid: boolean; untagged: boolean }>

/**
 * The VLANs that a port is in, in the words of bridge(8): `10 pvid untagged`, `20`, `30-40`; sorted, and ranges as long as they can be.
 */
export function formatVlans(members: Readonly<Members>): string[] {
  const ranges: { from: number; to: number; flags: string }[] = []
  for (const [id, { pvid, untagged }] of [...members].sort(([a], [b]) => a - b)) {
    const flags = `${pvid ? " pvid" : ""}${untagged ? " untagged" : ""}`
    const last = ranges.at(-1)
    if (last !== undefined && last.to === id - 1 && last.flags === flags && !pvid) last.to = id
    else ranges.push({ from: id, to: id, flags })
  }
  return ranges.map(({ from, to, flags }) => `${from === to ? from : `${from}-${to}`}${flags}`)
}

/** One of these words; undefined: it is none. */
export function parseVlan(word: string): { from: number; to: number; pvid: boolean; untagged: boolean } | undefined {
  const found = /^(\d{1,4})(?:-(\d{1,4}))?( pvid)?( untagged)?$/.exec(word)
  if (found === null) return undefined
  const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])]
  const isOne = from >= 1 && to <= LAST_VLAN && from <= to
  return isOne ? { from, to, pvid: found[3] !== undefined, untagged: found[4] !== undefined } : undefined
}

/** Undefined where one of them is none. */
export function parseVlans(words: readonly string[]): Members | undefined {
  const members: Members = new Map()
  for (const word of words) {
    const range = parseVlan(word)
    if (range === undefined) return undefined
    for (let id = range.from; id <= range.to; id++) members.set(id, { pvid: range.pvid, untagged: range.untagged })
  }
  return members
}

/** What has to be taken off a port and put on it, so that it is in the VLANs that are wanted. */
export function vlanChanges(have: readonly string[], want: readonly string[]): { remove: string[]; add: string[] } {
  const [now, then] = [parseVlans(have) ?? new Map(), parseVlans(want) ?? new Map()] as [Members, Members]
  const none = { pvid: false, untagged: false }
  const remove = [...now.keys()].filter((id) => !then.has(id))
  const add = [...then].filter(([id, flags]) => {
    const live = now.get(id)
    return live === undefined || live.pvid !== flags.pvid || live.untagged !== flags.untagged
  })
  return { remove: formatVlans(new Map(remove.map((id) => [id, none]))), add: formatVlans(new Map(add)) }
}
