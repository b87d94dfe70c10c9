/** Files that the stack file gives a container, by the place where it finds them: its secrets, or its configs. */
export type Givens = { [target: string]: Given }

/** Where the contents come from. */
export interface GivenSource {
  /** An absolute path of the host. */
  file?: string
  /** A variable of the caller's environment. */
  environment?: string
  /** Of a config: as it stands in the stack file. */
  text?: string
}

export interface Given extends GivenSource {
  /** What `secrets:` or `configs:` calls it. */
  name: string
  /** Ids of the container. */
  uid: number
  gid: number
  /** In octal, without a zero in front. */
  mode: string
  /** Whether it holds what its source does; nothing else of what it holds is ever told. */
  content: "current" | "another"
}

/** What stands in for a secret wherever one could be shown. */
export const CURRENT = "current"

/** It is given some. */
export function isGiven(attributes: { secrets: Givens; configs: Givens }): boolean {
  return givensIn(attributes).length > 0
}

export function givensIn({ secrets, configs }: { secrets: Givens; configs: Givens }): [string, Given][] {
  return [...Object.entries(secrets), ...Object.entries(configs)]
}
