import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import { wireGuardKeys } from "../kinds/interface/spec-wireguard.ts"
import { keyIn } from "../kinds/interface/wireguard.ts"
import type { Scope } from "../model/driver.ts"

/** Of the secrets that are to be keys of WireGuard those that are none, each with the reason, in which nothing of what it holds is. */
export function keyFacts({ kernel, desired }: Scope): { keys?: { [secret: string]: string } } {
  const sources = desired.resources.flatMap(({ kind, attributes }) => {
    const { wireguard } = attributes as unknown as Partial<InterfaceAttributes>
    return kind !== "interface" || wireguard === undefined ? [] : wireGuardKeys(wireguard)
  })
  if (sources.length === 0) return {}
  const whys = sources.flatMap((source): [string, string][] => {
    if (source.name === undefined || keyIn(kernel, source, desired.variables) !== undefined) return []
    const { file, environment } = source
    if (file !== undefined && kernel.stat(file) === null) return [[source.name, `${file} is not there`]]
    return [[source.name, `what ${file ?? `the variable ${environment}`} holds is no key of WireGuard`]]
  })
  return { keys: Object.fromEntries(whys) }
}
