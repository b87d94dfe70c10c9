import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { filled, unless, withoutAbsent } from "../../model/spelt.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { Given, GivenSource, Givens } from "./spec-given.ts"

/** The secrets and configs that a container names. */
export function spellGivens({ secrets, configs }: ContainerAttributes): SpeltMap {
  return withoutAbsent({ secrets: spellSome(secrets, "/run/secrets/"), configs: spellSome(configs, "/") })
}

function spellSome(givens: Givens, usual: string): Spelt | undefined {
  const all = Object.entries(givens).map(([target, given]) => spellGiven(target, given, `${usual}${given.name}`))
  return all.length === 0 ? undefined : all
}

function spellGiven(target: string, { name, uid, gid, mode }: Given, usual: string): Spelt {
  const long = withoutAbsent({
    source: name,
    target: unless(usual, target),
    uid: unless(0, uid),
    gid: unless(0, gid),
    mode: unless("444", mode),
  })
  return Object.keys(long).length === 1 ? name : long
}

/** `secrets:` or `configs:` of the whole stack, by what its containers have been given. */
export function spellSources(key: "secrets" | "configs", containers: readonly Partial<ContainerAttributes>[]): SpeltMap | undefined {
  const all = containers.flatMap((container) => Object.values(container[key] ?? {}))
  return filled(Object.fromEntries(all.map((given) => [given.name, spellSource(given)])))
}

function spellSource({ file, environment, text }: GivenSource): Spelt {
  return withoutAbsent({ file, environment, content: text })
}
