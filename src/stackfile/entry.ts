import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import type { GivenSource } from "../kinds/container/spec-given.ts"
import type { Entry, Path } from "../model/entry.ts"
import type { FileText } from "./files.ts"
import type { MapEntry, MapNode } from "./node.ts"
import { child, nodeAt, rangeOfKey, rangeOfPath } from "./node.ts"
import type { Suggest } from "./suggest.ts"

type Lookup<K extends "bridge" | "cgroup" | "idmap" | "volume"> = (name: string, path: Path, entry: Entry) => ReturnType<Entry[K]>

export type EnvFile = { values: { [name: string]: string } } | { code: string; summary: string; hint: string }

/** What all entries of a stack share. */
export interface Surroundings {
  suggest: Suggest
  diagnostics: Diagnostic[]
  environment: Entry["environment"]
  /** An absolute path, from a folder. */
  absolute(folder: string, path: string): string
  /** Values of a file of NAME=value lines, or why there are none. */
  envFile(path: string): EnvFile
  textFile(path: string): FileText
  originOf?(address: Address): Address
  bridge?: Lookup<"bridge">
  cgroup?: Lookup<"cgroup">
  idmap?: Lookup<"idmap">
  volume?: Lookup<"volume">
  secret?: (name: string, path: Path, entry: Entry) => GivenSource | undefined
  config?: (name: string, path: Path, entry: Entry) => GivenSource | undefined
}

interface Named {
  stack: string
  kind: string
  name: string
  source: MapEntry
}

/** The entry of one resource, for its kind's expansion. */
export function makeEntry({ stack, kind, name, source }: Named, around: Surroundings): Entry {
  const address = `${kind}.${name}`
  const entry: Entry = {
    stack,
    address,
    name,
    environment: around.environment,
    originOf: (other) => around.originOf?.(other) ?? other,
    report(path, code, summary, rest = {}) {
      around.diagnostics.push(error(code, summary, { ...rest, address, range: rangeOfPath(source, path) }))
    },
    reportKey(path, code, summary, rest = {}) {
      around.diagnostics.push(error(code, summary, { ...rest, address, range: rangeOfKey(source, path) }))
    },
    written(path) {
      const node = nodeAt(source.value, path)
      return node?.kind === "scalar" ? node.source : undefined
    },
    misspelt(key, path = []) {
      const node = nodeAt(source.value, path)
      return node?.kind === "map" && [...node.entries.keys()].some((other) => nearest(other, [key]) !== undefined)
    },
    has: (path) => nodeAt(source.value, path) !== undefined,
    absolute(path, text) {
      return around.absolute((nodeAt(source.value, path) ?? source.value).file.folder, text)
    },
    bridge: (wanted, path) => around.bridge?.(wanted, path, entry),
    cgroup: (wanted, path) => around.cgroup?.(wanted, path, entry),
    source: (kind, wanted, path) => around[kind]?.(wanted, path, entry),
    volume: (wanted, path) => around.volume?.(wanted, path, entry),
    idmap: (wanted, path) => around.idmap?.(wanted, path, entry),
    textFile(path, text) {
      const found = around.textFile(entry.absolute(path, text))
      if ("text" in found) return found.text
      entry.report(path, found.code, found.summary, { hint: found.hint })
      return undefined
    },
    envFile(path, text) {
      const found = around.envFile(entry.absolute(path, text))
      if ("values" in found) return found.values
      entry.report(path, found.code, found.summary, { hint: found.hint })
      return {}
    },
  }
  return entry
}

/** A name that the file does not have, with the nearest that it has. */
export function unknownName(suggest: Suggest, entry: Entry, path: Path, what: string, name: string, known: readonly string[]): void {
  const near = suggest(name, known)
  const none = `no ${what} is declared: add it under \`${what}s:\``
  const hint = near === undefined ? (known.length === 0 ? none : `there is ${listed(known)}`) : `did you mean \`${near}\`?`
  entry.report(path, "unknown-reference", name === "" ? `the name of the ${what} is empty` : `no ${what} is called \`${name}\``, { hint })
}

function listed(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(", ")}, …` : names.join(", ")
}

/** The entries of a section like `bridges:` whose values have a place in the file. */
export function sectionOf(
  root: MapNode,
  plain: { [key: string]: unknown },
  section: string,
): { name: string; source: MapEntry; value: unknown }[] {
  const node = child(root, section)
  if (node?.kind !== "map") return []
  const values = (plain[section] ?? {}) as { [name: string]: unknown }
  return Object.keys(values).flatMap((name) => {
    const source = node.entries.get(name)
    return source === undefined || name.startsWith("x-") ? [] : [{ name, source, value: values[name] }]
  })
}
