import type { HostsLines } from "../../base/hosts-file.ts"

/**
 * The names of a stack's containers: one file, which all of them see at /etc/hosts, and one for each that has names of its own (`extra_hosts`).
 * The key of a line is an IP address or, until the planner has chosen that, `auto:` and the address of the interface.
 */
export interface HostsAttributes {
  names: HostsLines
  /** By container: all lines of its own file. */
  own: { [container: string]: HostsLines }
}

/** There is one in a stack. */
export const HOSTS_NAME = "stack"
export const HOSTS_ADDRESS = `hosts.${HOSTS_NAME}`

/** What a container sees at /etc/hosts: its image's file, or what its user has put there; the stack's; or one of its own. */
export type HostsFile = "image" | "stack" | "own"

export const AUTO_LINE = "auto:"

/** The comment above the lines. */
export function aboutHosts(stack: string): string {
  return `Names of the stack ${stack}. It is written anew as containers come and go.`
}
