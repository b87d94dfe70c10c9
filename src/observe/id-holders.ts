import { parseMap } from "../kinds/container/id-map.ts"
import type { IdRange } from "../kinds/container/spec.ts"
import type { Scope } from "../model/driver.ts"
import type { HostFacts, IdHolder } from "../model/resource.ts"
import { readMonitors } from "./monitors.ts"
import { stackNames } from "./run-folder.ts"

/** Who has which host ids, of the containers of other stacks that run, by their processes' maps; where the file names some itself. */
export function idHolders({ kernel, cgroups, desired }: Scope): Pick<HostFacts, "idHolders"> {
  const names = (map: unknown) => Array.isArray(map) && map.length > 0
  if (!desired.resources.some(({ kind, attributes }) => kind === "container" && (names(attributes.uid_map) || names(attributes.gid_map))))
    return {}
  const others = stackNames(kernel).filter((name) => name !== desired.stack)
  const running = others.flatMap((stack) =>
    [...readMonitors(kernel, stack, cgroups.monitorsOf(stack)).values()].flatMap(({ container, init }) =>
      init === undefined ? [] : [{ stack, address: `container.${container}`, pid: init.pid }],
    ),
  )
  const texts = kernel.readMany(running.flatMap(({ pid }) => [`/proc/${pid}/uid_map`, `/proc/${pid}/gid_map`]))
  const holders = running.map(({ stack, address }, i): IdHolder => ({ stack, address, ...maps(texts.slice(2 * i, 2 * i + 2)) }))
  return holders.length === 0 ? {} : { idHolders: holders }
}

function maps([uid = null, gid = null]: readonly (string | null)[]): Pick<IdHolder, "uid" | "gid"> {
  return { uid: ofItsOwn(uid), gid: ofItsOwn(gid) }
}

/** Who has the ids of an ordinary user, or the host's, has nobody's alone. */
function ofItsOwn(text: string | null): Pick<IdRange, "host" | "count">[] {
  return parseMap(text).flatMap(({ container, host, count }) => (container === host ? [] : [{ host, count }]))
}
