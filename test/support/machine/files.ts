import { createHash } from "node:crypto"
import { lstatSync, readdirSync, readFileSync } from "node:fs"
import { ifThere, linkOf, textOf } from "./tools.ts"

/** Where stacks put files. That nothing else is written to needs no look: the whole source has no other path. */
const PLACES = ["/run", "/var/lib/stack"]

/** Kernel parameters that stacks of the tests set, in containers only. */
const SYSCTLS = [
  "net/ipv4/ip_forward",
  "net/core/somaxconn",
  "net/ipv6/conf/all/forwarding",
  "kernel/hostname",
  "kernel/shmmax",
  "kernel/sem",
]

/** Every file with type, mode, owner, and what is in it. */
export function files(): string[] {
  return PLACES.flatMap((place) => below(place))
}

function below(folder: string): string[] {
  const entries = ifThere(() => readdirSync(folder, { withFileTypes: true }), [])
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    const line = ifThere(() => describe(path), "")
    return line === "" ? [] : [line, ...(entry.isDirectory() ? below(path) : [])]
  })
}

function describe(path: string): string {
  const status = lstatSync(path)
  const content = status.isFile() ? digest(path) : status.isSymbolicLink() ? linkOf(path) : ""
  return `${path} ${status.mode.toString(8)} ${status.uid}:${status.gid} ${content}`
}

function digest(path: string): string {
  return createHash("sha1").update(readFileSync(path)).digest("hex").slice(0, 12)
}

export function sysctls(): string[] {
  return SYSCTLS.map((name) => `${name} = ${textOf(`/proc/sys/${name}`).trim()}`)
}
