import type { Address } from "../base/address.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { appliedFolderOf } from "../model/ownership.ts"
import type { Attributes, Snapshot } from "../model/resource.ts"

/**
 * What the last apply wanted of each resource, as its record in the run folder has it. It serves for one thing: to tell what someone
 * changed by hand from a new wish of the file. Where nothing can be told, nothing is there.
 */
export type Applied = ReadonlyMap<Address, Attributes | null>

/** Boot id: of an earlier boot nothing is left, and that is nobody's doing. */
export interface AppliedRecord {
  version: 1
  boot: string
  attributes: { readonly [address: Address]: Attributes | null }
}

export function appliedFile(stack: string): string {
  return `${appliedFolderOf(stack)}/attributes.json`
}

/** Empty where there is no record, it is of another boot, or not ours to understand. */
export function readApplied(kernel: Kernel, stack: string, boot: string): Applied {
  try {
    const record = JSON.parse(kernel.read(appliedFile(stack)) ?? "null") as AppliedRecord | null
    if (record?.version !== 1 || record.boot !== boot) return new Map()
    return new Map(Object.entries(record.attributes).filter(([, attributes]) => isEntry(attributes)))
  } catch {
    return new Map()
  }
}

function isEntry(value: unknown): boolean {
  return typeof value === "object" && !Array.isArray(value)
}

/** The snapshot with what is known of each resource; what is known and not there any more is lost. */
export function withApplied(snapshot: Snapshot, applied: Applied): Snapshot {
  if (applied.size === 0) return snapshot
  const resources = new Map(snapshot.resources)
  for (const [address, observed] of resources) {
    const wanted = applied.get(address)
    if (wanted !== undefined) resources.set(address, { ...observed, applied: wanted })
  }
  const isLost = (entry: [Address, Attributes | null]): entry is [Address, Attributes] => entry[1] !== null && !resources.has(entry[0])
  const lost = new Map([...applied].filter(isLost))
  return { ...snapshot, resources, lost }
}

/** The record as a snapshot holds it. */
export function appliedIn({ resources, lost = new Map() }: Snapshot): Map<Address, Attributes | null> {
  const known = [...resources.values()].flatMap(({ address, applied }) => (applied === undefined ? [] : [[address, applied] as const]))
  return new Map<Address, Attributes | null>([...known, ...lost])
}
