import { canonicalIp } from "../../base/ip.ts"
import type { Entry, Path } from "../../model/entry.ts"

/** `extra_hosts`, in compose's forms: `NAME:IP` or `NAME=IP` in a list, or a map, in which a name may have several addresses. */
export type ExtraHostsEntry = string[] | { [name: string]: string | string[] }

/** Stands for the host, as its containers reach it. */
export const HOST_GATEWAY = "host-gateway"

/** A name of a container's own: `ip` canonical, or `host-gateway`. */
export interface ExtraHost {
  name: string
  ip: string
  path: Path
}

/** RFC 1123, with the underscore that containers may have in their names. */
const HOST_NAME = /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*$/

export function isHostName(name: string): boolean {
  return name.length <= 253 && HOST_NAME.test(name)
}

export function extraHostsOf(value: ExtraHostsEntry | undefined, entry: Entry): ExtraHost[] {
  const pairs: [string, string, Path][] = Array.isArray(value)
    ? value.flatMap((text, i) => pairOf(text, ["extra_hosts", i], entry))
    : Object.entries(value ?? {}).flatMap(([name, ips]) =>
        [ips].flat().map((ip, i): [string, string, Path] => [name, ip, ["extra_hosts", name, ...(Array.isArray(ips) ? [i] : [])]]),
      )
  return pairs.flatMap(([name, text, path]) => {
    const ip = text === HOST_GATEWAY ? text : canonicalIp(text.replace(/^\[(.*)\]$/, "$1"))
    if (!isHostName(name)) {
      entry.report(path, "bad-host-name", `\`${name}\` is no host name`, {
        hint: "letters, digits, `-` and `_` between dots, each part at most 63",
      })
      return []
    }
    if (ip !== undefined) return [{ name, ip, path }]
    entry.report(path, "bad-address", `\`${text}\` is not an IP address`, {
      hint: `write an address such as 10.20.0.9 or fd20::9, or \`${HOST_GATEWAY}\``,
    })
    return []
  })
}

/** The name ends at the first `=`, or where there is none at the first `:`. */
function pairOf(text: string, path: Path, entry: Entry): [string, string, Path][] {
  const end = text.includes("=") ? text.indexOf("=") : text.indexOf(":")
  if (end > 0) return [[text.slice(0, end), text.slice(end + 1), path]]
  entry.report(path, "bad-extra-host", `\`${text}\` does not say which address the name stands for`, {
    hint: "write NAME:IP, such as `db:10.20.0.9`",
  })
  return []
}
