import type { Kernel } from "../kernel/kernel.ts"
import type { Tried } from "../kernel/tries.ts"
import { missingCapabilities } from "../observe/host.ts"
import { legible } from "../observe/legible.ts"
import type { Check } from "./check.ts"
import { check } from "./check.ts"
import { triedCheck } from "./kernel.ts"

/** Whose command this is: from /proc/self/status. */
export interface Who {
  uid: number
  /** "" where /etc/passwd does not say. */
  name: string
}

export function whoIs(kernel: Kernel): Who {
  const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(legible(kernel, "/proc/self/status") ?? "")?.[1] ?? 0)
  const lines = (legible(kernel, "/etc/passwd") ?? "").split("\n").map((line) => line.split(":"))
  return { uid, name: lines.find(([, , id]) => id === String(uid))?.[0] ?? "" }
}

interface Range {
  first: string
  count: string
}

/** The first line of the user's in /etc/subuid or /etc/subgid. subuid(5) */
function ownRange(text: string | null, { uid, name }: Who): Range | undefined {
  const rows = (text ?? "").split("\n").map((line) => line.split(":"))
  const row = rows.find(([who]) => who === String(uid) || (name !== "" && who === name))
  return row?.[1] === undefined || row[2] === undefined ? undefined : { first: row[1], count: row[2].trim() }
}

const HELPERS = [
  { id: "ids:uid", what: "subordinate uids", file: "/etc/subuid", helper: "newuidmap", option: "--add-subuids" },
  { id: "ids:gid", what: "subordinate gids", file: "/etc/subgid", helper: "newgidmap", option: "--add-subgids" },
] as const

function idsRequest({ helper }: (typeof HELPERS)[number], { first, count }: Range): string {
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
  const missing = missingCapabilities(kernel)
  const fix = "run it as root, or with these capabilities (capabilities(7))"
  return [
    check("user", "user", "user", "info", { detail: who.name === "" ? `uid ${who.uid}` : `${who.name} (uid ${who.uid})` }),
    missing.length === 0
      ? check("user", "capabilities", "capabilities", "yes", { detail: "all that apply needs" })
      : check("user", "capabilities", "capabilities", "no", { detail: `it lacks ${missing.join(", ")}`, fix }),
    ...HELPERS.map((one) => idsCheck(kernel, who, tried, one)),
  ]
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
