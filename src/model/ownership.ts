import type { Address } from "../base/address.ts"
import { hash32 } from "../base/hash.ts"

/** What the alias of every link of any stack begins with. */
export const STACK_ALIAS = "stack:"

/** `IFLA_IFALIAS` of every link of a stack: `stack:STACK/ADDRESS`. The kernel holds up to 255 bytes. */
export function aliasOf(stack: string, address: Address): string {
  return `${STACK_ALIAS}${stack}/${address}`
}

/** The address behind an alias of this stack, without what is told behind a blank; undefined for any other text. */
export function addressOfAlias(stack: string, alias: string): Address | undefined {
  const prefix = `${STACK_ALIAS}${stack}/`
  return alias.startsWith(prefix) ? alias.slice(prefix.length).split(" ", 1)[0] : undefined
}

/** The stack that an alias names. */
export function stackOfAlias(alias: string): string | undefined {
  return alias.startsWith(STACK_ALIAS) ? alias.slice(STACK_ALIAS.length).split("/", 1)[0] : undefined
}

/**
 * The link group of a stack: the mark that the creating message itself can carry (the kernel drops an alias there).
 * 0x53000000 upwards, so that no hand-written small group number meets it.
 */
export function linkGroupOf(stack: string): number {
  // Asked for every link, of the one stack that a command is about.
  if (known.stack !== stack) known = { stack, group: GROUPS + (hash32(`link-group/${stack}`) & 0xffffff) }
  return known.group
}

const GROUPS = 0x53000000
let known = { stack: "", group: 0 }

/** Whether a link without a stack's mark is in that stack's group: made by it, and not marked yet, or called otherwise by somebody since. */
export function isOfGroup(stack: string, { alias, group }: { alias: string; group: number }): boolean {
  return !alias.startsWith(STACK_ALIAS) && group === linkGroupOf(stack)
}

/** True of a number that is the group of some stack. */
export function isStackGroup(group: number): boolean {
  return group >= GROUPS && group <= GROUPS + 0xffffff
}

export let RUN_ROOT = "/run/stack"
/** What outlives a reboot. */
export let KEPT_ROOT = "/var/lib/stack"
export let LAYER_ROOT = `${KEPT_ROOT}/containers`
/** The stacks are an ordinary user's, in namespaces of its own: docs/decisions/0017. */
export let ROOTLESS = false

/** Where an ordinary user keeps them; once, before anything else. */
export function useRootlessFolders(run: string, kept: string): void {
  RUN_ROOT = run
  KEPT_ROOT = kept
  LAYER_ROOT = `${kept}/containers`
  VOLUME_ROOT = `${kept}/volumes`
  ROOTLESS = true
}

/** The run folder of a container. */
export function runFolderOf(stack: string, container: string): string {
  return `${RUN_ROOT}/${stack}/${container}`
}

/**
 * The apply of a stack that waits to be confirmed: as long as this file is there. Whoever takes it away in time has confirmed. It
 * names the process that waits, by pid and start time.
 */
export function waitingFileOf(stack: string): string {
  return `${RUN_ROOT}/${stack}/.unconfirmed`
}

/** The names of a stack's containers, in the form of hosts(5). */
export function hostsFileOf(stack: string): string {
  return `${RUN_ROOT}/${stack}/.hosts`
}

/** The same with names of its own, of a container that has some. */
export function ownHostsFileOf(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/hosts`
}

/** What of the host's forwarding was off before this stack came. */
export function forwardingFileOf(stack: string): string {
  return `${RUN_ROOT}/${stack}/.forwarding`
}

/** Whom a container asks for names, in the form of resolv.conf(5); of one whose file says it. */
export function resolvConfOf(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/resolv.conf`
}

/** Where the last apply of a stack keeps what it wanted: a folder, so that what a killed one was writing there goes with it. */
export function appliedFolderOf(stack: string): string {
  return `${RUN_ROOT}/${stack}/.applied`
}

/** Where a container's writable layer is kept. */
export function layerFolderOf(stack: string, container: string): string {
  return `${LAYER_ROOT}/${stack}/${container}`
}

/** What the containers of a stack see in their root, each below or above its image: a folder for all of them. */
export function namesLayerOf(stack: string): string {
  return `${LAYER_ROOT}/${stack}/.names`
}

export let VOLUME_ROOT = `${KEPT_ROOT}/volumes`

/** Where a stack's volumes are kept. */
export function volumesFolderOf(stack: string): string {
  return `${VOLUME_ROOT}/${stack}`
}

export function volumeFolderOf(stack: string, volume: string): string {
  return `${volumesFolderOf(stack)}/${volume}`
}

/** What a monitor calls itself in /proc/PID/cmdline. */
export function monitorTitle(stack: string, container: string): string {
  return `stack-monitor ${stack} container.${container}`
}
