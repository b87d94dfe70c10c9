import type { Run } from "../../model/driver.ts"
import { RUN_ROOT } from "../../model/ownership.ts"
import type { Attributes } from "../../model/resource.ts"
import { parseRecord, recordPath, writeRecord } from "./record.ts"
import { readdressedContainer } from "./relations.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Records of the containers that start after it, or share its namespaces, call it by its new name before it has that itself. */
export function renameInRecords({ kernel, stack }: Run, old: string, name: string, boot: string): void {
  const rename = (address: string) => (address === `container.${old}` ? `container.${name}` : address)
  const others = kernel.list(`${RUN_ROOT}/${stack}`).filter((other) => !other.startsWith(".") && other !== "lock" && other !== old)
  const texts = kernel.readMany(others.map((other) => recordPath(stack, other)))
  for (const [i, other] of others.entries()) {
    const record = texts[i]?.includes(old) ? parseRecord(texts[i], boot) : undefined
    if (record === undefined) continue
    const attributes = readdressedContainer(record.attributes as unknown as Attributes, rename) as unknown as ContainerAttributes
    if (JSON.stringify(attributes) !== JSON.stringify(record.attributes)) writeRecord(kernel, stack, other, { ...record, attributes })
  }
}
