import { formatSize } from "../../base/size.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { numberOrText, unless, withoutAbsent } from "../../model/spelt.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { BindMount, Mount, TmpfsMount, VolumeMount } from "./spec-mounts.ts"

/** What is mounted in a container, and how its root is written to, where that is not the usual. */
export function spellMounts(have: ContainerAttributes, usual: ContainerAttributes): SpeltMap {
  const all = Object.entries(have.mounts)
  const volumes = all.flatMap(([target, mount]) => (mount.type === "tmpfs" ? [] : [spellCopy(target, mount)]))
  const tmpfs = all.flatMap(([target, mount]) => (mount.type === "tmpfs" ? [spellTmpfs(target, mount)] : []))
  return withoutAbsent({
    volumes: volumes.length + tmpfs.length === 0 ? undefined : [...volumes, ...tmpfs],
    read_only: unless(usual.read_only, have.read_only),
    ephemeral: unless(usual.ephemeral, have.ephemeral),
  })
}

/** The short form, where no colon in a path stands in its way. */
function spellCopy(target: string, mount: VolumeMount | BindMount): Spelt {
  const options = [...(mount.read_only ? ["ro"] : []), ...(mount.type === "bind" ? bindOptions(mount) : [])]
  if (![mount.source, target].some((path) => path.includes(":")))
    return [mount.source, target, ...(options.length === 0 ? [] : [options.join(",")])].join(":")
  const { type, source, read_only } = mount
  const bind = mount.type === "bind" ? { propagation: mount.propagation, idmap: mount.idmapped } : undefined
  return withoutAbsent({ type, source, target, read_only: unless(false, read_only), bind })
}

function bindOptions({ propagation, idmapped }: BindMount): string[] {
  return [...(propagation === "slave" ? ["rslave"] : []), ...(idmapped ? ["idmap"] : [])]
}

function spellTmpfs(target: string, { type, size, mode }: TmpfsMount): Spelt {
  const bytes = size === undefined ? undefined : numberOrText(formatSize(size))
  return withoutAbsent({ type, target, size: bytes, mode: unless(USUAL.mode, mode) })
}

const USUAL: Pick<Extract<Mount, { type: "tmpfs" }>, "mode"> = { mode: "1777" }
