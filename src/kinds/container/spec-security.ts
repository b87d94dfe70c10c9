/** The filter that is made from the container's capabilities: src/seccomp/default-profile.ts */
export const DEFAULT_SECCOMP = "default"
/** No filter. */
export const UNCONFINED = "unconfined"

/** `file:/absolute/path#DIGEST` of a profile that a file holds. */
export function seccompOfFile(path: string, digest: string): string {
  return `file:${path}#${digest}`
}

/** The path in it; undefined of one that is in no file. */
export function seccompFile(seccomp: string): string | undefined {
  return /^file:(.*)#[0-9a-f]{16}$/s.exec(seccomp)?.[1]
}

/** In `unmask`: every path. */
export const ALL_PATHS = "ALL"
