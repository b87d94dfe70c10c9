import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import type { BridgeAttributes } from "../kinds/bridge/spec.ts"
import type { CgroupAttributes } from "../kinds/cgroup/spec.ts"
import type { IdRange } from "../kinds/container/spec.ts"
import type { GivenSource } from "../kinds/container/spec-given.ts"
import type { VolumeAttributes } from "../kinds/volume/spec.ts"
import type { Relations } from "./resource.ts"

/** Keys and indexes from an entry down to one of its values. */
export type Path = readonly (string | number)[]

/** A chosen pair of maps, or how large an automatic one is to be. */
export interface IdMaps {
  uid: IdRange[] | { auto: number; orLess?: true }
  gid: IdRange[] | { auto: number; orLess?: true }
}

/** A bridge as its interfaces see it. */
export interface KnownBridge extends BridgeAttributes {
  /** All of its addresses are understood: otherwise nothing is known of what its subnets do not hold. */
  whole: boolean
}

/**
 * One entry of the stack file as an `expand.ts` sees it: plain data that has passed the schema (a value that has not
 * is left out, its mistake reported), and what stands around it.
 */
export interface Entry {
  stack: string
  address: Address
  /** The address that values are made from which shall outlive a move: the first one that `moved` knows of. */
  originOf(address: Address): Address
  /** The resource's name. */
  name: string
  /** A mistake at a value of this entry. */
  report(path: Path, code: string, summary: string, rest?: Partial<Pick<Diagnostic, "detail" | "hint" | "severity">>): void
  /** The same, shown at the key itself. */
  reportKey(path: Path, code: string, summary: string, rest?: Pick<Diagnostic, "detail" | "hint">): void
  /** A scalar as it stands in the file (`1.10`, not 1.1). */
  written(path: Path): string | undefined
  /** True where the file has a value, be it a wrong one. */
  has(path: Path): boolean
  /** True where the entry, or a map in it, has a key that is near this one: a missing one is then only misspelt, which the schema tells. */
  misspelt(key: string, path?: Path): boolean
  /** A path in the file, made absolute from the folder of the file it is written in. */
  absolute(path: Path, text: string): string
  /** Names of the file's own: undefined where there is none such, which is reported, or where that one is itself mistaken. */
  bridge(name: string, path: Path): KnownBridge | undefined
  cgroup(name: string, path: Path): CgroupAttributes | undefined
  source(kind: "secret" | "config", name: string, path: Path): GivenSource | undefined
  volume(name: string, path: Path): VolumeAttributes | undefined
  idmap(name: string, path: Path): IdMaps | undefined
  /** Values of an `env_file`, which is reported where it cannot be read. */
  envFile(path: Path, text: string): { [name: string]: string }
  /** A file that the stack file names, as text; undefined where it cannot be read, which is reported. */
  textFile(path: Path, text: string): string | undefined
  /** The caller's environment: what `NAME` without a value passes on. */
  environment: { readonly [name: string]: string | undefined }
}

/** What an expansion gives; the stackfile layer makes a resource of it. */
export interface Expanded<A> extends Relations {
  attributes: A
}
