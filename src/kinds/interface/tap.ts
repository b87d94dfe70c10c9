import type { Link, NetRequest, TapWish } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run, Scope } from "../../model/driver.ts"
import { linkGroupOf } from "../../model/ownership.ts"
import type { Attributes } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { insideId, outsideId, parseMap } from "../container/id-map.ts"
import type { IdRange } from "../container/spec.ts"
import { birthName } from "../link/birth-name.ts"
import { netnsOf } from "../link/netns.ts"
import { firstError } from "../link/results.ts"
import type { InterfaceAttributes, LinkAttributes, OneEndedAttributes } from "./spec.ts"

type Ids = "uid_map" | "gid_map"

/**
 * Made through /dev/net/tun, and only kept when it has its name, its mark and all that is wanted of it: until then it goes with this process.
 * `finishing`: the messages for that.
 */
export async function createTap(step: Step, run: Run, finishing: readonly NetRequest[]): Promise<KernelError | null> {
  const { container, mac, mtu } = step.change.after as unknown as OneEndedAttributes
  const name = birthName(run.stack, step.address)
  try {
    const netns = netnsOf(run, container)
    const tap = run.kernel.openTap(netns, wish(step, run, name))
    const born: NetRequest = {
      op: "link-set",
      link: name,
      group: linkGroupOf(run.stack),
      ...(mac === undefined ? {} : { mac }),
      ...(mtu === undefined ? {} : { mtu }),
    }
    const failure = firstError(await run.kernel.netLater(netns, [born, ...finishing]))
    if (failure === null) tap.keep()
    tap.drop()
    return failure
  } catch (failure) {
    if (failure instanceof KernelError) return failure
    throw failure
  }
}

/** The kernel wants the ids that they are outside. */
function wish({ change }: Step, run: Run, name: string): TapWish {
  const { container, link } = change.after as unknown as OneEndedAttributes
  const { owner, group, multi_queue } = link
  const outside = (map: Ids, id: number) => {
    const found = outsideId(mapBorn(map, run, container), id)
    if (found === undefined) throw new KernelError(`ip tuntap add ${link.kind} for ${id}`, "EINVAL", `${container} has no id ${id}`)
    return found
  }
  return {
    name,
    ...(owner === undefined ? {} : { owner: outside("uid_map", owner) }),
    ...(typeof group === "number" ? { group: outside("gid_map", group) } : {}),
    ...(multi_queue === undefined ? {} : { multi_queue }),
  }
}

/** As the container's process has it; of one whose command has ended, as it was chosen. */
function mapBorn(map: Ids, run: Run, container: string): readonly IdRange[] {
  const init = run.born.get(container)?.init as { pid: number } | undefined
  const live = mapOf(map, init?.pid, run.kernel)
  const wanted = run.desired.resources.find(({ address }) => address === container)?.attributes[map]
  return live.length === 0 && Array.isArray(wanted) ? (wanted as unknown as IdRange[]) : live
}

function mapOf(map: Ids, pid: number | undefined, kernel: Run["kernel"]): ReturnType<typeof parseMap> {
  return pid === undefined ? [] : parseMap(kernel.read(`/proc/${pid}/${map}`))
}

/** What a live tap is made with. Where no process of the container tells how its ids are mapped, they are as wanted. */
export function observedTap(scope: Scope, container: string, address: string, { options = {} }: Link): Attributes {
  const { owner, group } = options
  const wanted = (scope.resource(address)?.attributes as unknown as InterfaceAttributes | undefined)?.link
  const pid = scope.monitors.get(container.slice("container.".length))?.init?.pid
  const inside = (map: Ids, id: string | number | undefined, likely: LinkAttributes["owner" | "group"]) =>
    id === undefined ? undefined : pid === undefined ? likely : (insideId(mapOf(map, pid, scope.kernel), Number(id)) ?? 2 ** 32 - 1)
  const [user, users] = [inside("uid_map", owner, wanted?.owner), inside("gid_map", group, wanted?.group)]
  return {
    kind: "tap",
    ...(user === undefined ? {} : { owner: user }),
    ...(users === undefined ? {} : { group: users }),
    ...("multi_queue" in options ? { multi_queue: true } : {}),
    ...("persist" in options ? { persist: "off" } : {}),
  }
}
