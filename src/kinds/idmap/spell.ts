import type { SpeltMap } from "../../model/spelt.ts"
import { unless, withoutAbsent } from "../../model/spelt.ts"
import type { IdRange } from "../container/spec.ts"

/** A chosen pair of maps, as a person would write it. */
export function spellIdmap(uid: readonly IdRange[], gid: readonly IdRange[]): SpeltMap {
  const [uids, gids] = [lines(uid), lines(gid)]
  const unsafe = [...uid, ...gid].some(({ host }) => host === 0)
  return withoutAbsent({ uid: uids, gid: unless(uids, gids), unsafe: unsafe ? true : undefined })
}

function lines(map: readonly IdRange[]): string[] {
  return map.map(({ container, host, count }) => `${container} ${host} ${count}`)
}
