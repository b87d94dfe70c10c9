import { mountAt } from "../../base/mountinfo.ts"
import { insideId } from "./id-map.ts"
import type { MountReading } from "./observe-mounts.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { Given, Givens } from "./spec-given.ts"

/** Secrets or configs as they are in a container: what is in them is only compared. */
export function observedGivens(reading: MountReading, givens: Givens, attributes: ContainerAttributes): Givens {
  return Object.fromEntries(
    Object.entries(givens).flatMap(([target, given]): [string, Given][] => {
      const line = mountAt(reading.inside, target) ?? mountAt(reading.inside, reading.targetOf(target))
      const file = line?.type === "tmpfs" ? reading.fileAt(line.target) : null
      return file === null ? [] : [[target, observedGiven(reading, file, given, attributes)]]
    }),
  )
}

type FileAt = NonNullable<ReturnType<MountReading["fileAt"]>>

function observedGiven(reading: MountReading, { bytes, uid, gid, mode }: FileAt, given: Given, attributes: ContainerAttributes): Given {
  const wanted = reading.contentOf(given)
  const isCurrent = wanted !== undefined && Buffer.compare(bytes, wanted) === 0
  return {
    ...given,
    ...ownerOf(uid, gid, given, attributes),
    mode: mode.toString(8).padStart(3, "0"),
    content: isCurrent ? "current" : "another",
  }
}

/** In a user namespace that is another container's, that one's map would have to be asked. */
function ownerOf(
  uid: number,
  gid: number,
  given: Given,
  { uid_map, gid_map, namespaces }: ContainerAttributes,
): Pick<Given, "uid" | "gid"> {
  if (namespaces.user === "host") return { uid, gid }
  if (!Array.isArray(uid_map) || !Array.isArray(gid_map) || uid_map.length === 0) return given
  return { uid: insideId(uid_map, uid) ?? given.uid, gid: insideId(gid_map, gid) ?? given.gid }
}
