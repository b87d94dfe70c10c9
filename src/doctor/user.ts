import type { Kernel } from "../kernel/kernel.ts"
import type { Tried } from "../kernel/tries.ts"
import { missingCapabilities } from "../observe/host.ts"
import { legible } from "../observe/legible.ts"
import type { SubordinateIds, Who } from "../observe/whose.ts"
import { ownRange } from "../observe/whose.ts"
import type { Check } from "./check.ts"
import { check, works } from "./check.ts"
import { triedCheck } from "./kernel.ts"

const HELPERS = [
  { id: "ids:uid", what: "subordinate uids", file: "/etc/subuid", helper: "newuidmap", option: "--add-subuids" },
  { id: "ids:gid", what: "subordinate gids", file: "/etc/subgid", helper: "newgidmap", option: "--add-subgids" },
] as const

function idsRequest({ helper }: (typeof HELPERS)[number], { first, count }: SubordinateIds): string {
  return `ids:${helper} ${first} ${count}`
}

/** Root maps what it likes; another user what the helper of the uidmap package gives it. */
export function userRequests(kernel: Kernel, who: Who): string[] {
  if (who.uid === 0) return []
  return HELPERS.flatMap((one) => {
    const range = ownRange(legible(kernel, one.file), who)
    return range === undefined ? [] : [idsRequest(one, range)]
  })
}

export function userChecks(kernel: Kernel, who: Who, tried: ReadonlyMap<string, Tried>): Check[] {
  const ids = HELPERS.map((one) => idsCheck(kernel, who, tried, one))
  return [
    check("user", "user", "user", "info", { detail: who.name === "" ? `uid ${who.uid}` : `${who.name} (uid ${who.uid})` }),
    capabilityCheck(kernel, ids.every(works) && tried.get("overlay:user")?.errno === ""),
    ...ids,
  ]
}

/** `rootless`: in a user namespace of its own this user is root, and its stacks are in there. */
function capabilityCheck(kernel: Kernel, rootless: boolean): Check {
  const missing = missingCapabilities(kernel)
  if (missing.length === 0) return check("user", "capabilities", "capabilities", "yes", { detail: "all that apply needs" })
  if (rootless) return check("user", "capabilities", "capabilities", "user", { detail: "its stacks are in namespaces of its own" })
  const fix = "run it as root, or give this user subordinate ids, for stacks in namespaces of its own"
  return check("user", "capabilities", "capabilities", "no", { detail: `it lacks ${missing.join(", ")}`, fix })
}

function idsCheck(kernel: Kernel, who: Who, tried: ReadonlyMap<string, Tried>, one: (typeof HELPERS)[number]): Check {
  const { id, what, file, helper, option } = one
  const range = ownRange(legible(kernel, file), who)
  const told = range === undefined ? "" : `${range.first} and ${range.count} in all`
  if (who.uid === 0) return check("user", id, what, "yes", { detail: told === "" ? "root needs none" : told })
  if (range === undefined) {
    const fix = `usermod ${option} 100000-165535 ${who.name === "" ? who.uid : who.name}`
    return check("user", id, what, "no", { detail: `${file} has no line of this user`, fix })
  }
  const found = triedCheck("user", id, what, tried.get(idsRequest(one, range)), ({ errno }) =>
    errno === "ENOENT"
      ? "install newuidmap and newgidmap (Debian: apt install uidmap)"
      : `${helper} must be set-user-id root, or have CAP_SETUID as a file capability`,
  )
  return { ...found, detail: found.state === "no" ? found.detail : told }
}
