import type { KernelError, LinkRef, NetDump, NetNs, NetRequest } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"
import { keptWhenDown } from "./addresses.ts"
import type { StepErrors } from "./results.ts"
import { eitherError, firstError, sendAll } from "./results.ts"
import { isLasting, leavesBy, routeAgain } from "./routes.ts"
import { hasNoWay } from "./subnet-routes.ts"
import { givenBack } from "./vlans-on.ts"

/** A new name of a link, and with it in one message the mark of its new address. */
export interface Renaming {
  link: number
  name: string
  alias?: string
  /** What it is called besides, once it has that name: of one that is given back as it was found. */
  altname?: string
}

/**
 * `ip link set LINK name NAME alias TEXT` of each step that renames. Kernels before 6.2 refuse it while the link is up
 * (dev_change_name() in net/core/dev.c): there it is set down for it, and gets back what that takes away, as do VLANs on it. Every one refuses a name
 * that a link has besides its own, be it that link's: such a one goes first. Then `rest` is done of those that are renamed.
 */
export function renameAll(
  steps: readonly Step[],
  run: Run,
  ns: NetNs,
  renamingOf: (step: Step) => Renaming | undefined,
  rest: (renamed: StepErrors) => StepErrors,
): StepErrors {
  const answers = sendAll(steps, run, ns, (step) => requestsOf(renamingOf(step)))
  const renamed = steps.map((step, i) => renameAnyhow(run, ns, renamingOf(step), answers[i] ?? null))
  const failures = renamed.map(({ failure }) => failure)
  const done = eitherError(failures, rest(failures))
  return done.map((failure, i) => failure ?? setWhatWaits(run, ns, renamed[i]?.waiting ?? []))
}

/** `waiting`: routes that have no way yet, for want of an address that the link is to get. */
interface Renamed {
  failure: KernelError | null
  waiting?: NetRequest[]
}

function renameAnyhow(run: Run, ns: NetNs, renaming: Renaming | undefined, refusal: KernelError | null): Renamed {
  if (refusal === null || renaming === undefined) return { failure: refusal }
  if (refusal.errno === "EBUSY") return renameDown(run, ns, renaming)
  return { failure: refusal.errno === "EEXIST" ? renameToAltname(run, ns, renaming, refusal) : refusal }
}

/** One that has no way now, either, is nobody's any more: what the file wants of a container is a step of its own. */
function setWhatWaits({ kernel }: Run, ns: NetNs, waiting: readonly NetRequest[]): KernelError | null {
  return waiting.length === 0 ? null : firstError(kernel.net(ns, waiting).filter((answer) => answer !== null && !hasNoWay(answer)))
}

function requestsOf(renaming: Renaming | undefined): NetRequest[] {
  if (renaming === undefined) return []
  const { altname, ...set } = renaming
  return [{ op: "link-set", ...set }, ...(altname === undefined ? [] : [{ op: "altname-add", link: set.link, name: altname } as const])]
}

function renameToAltname(run: Run, ns: NetNs, renaming: Renaming, refusal: KernelError): KernelError | null {
  const freed = freeing(run.kernel.dump(ns), renaming)
  return freed.length === 0 ? refusal : firstError(run.kernel.net(ns, [...freed, ...requestsOf(renaming)]))
}

/** What takes the new name off the link, where that is called so besides. */
function freeing({ links }: NetDump, { link, name }: Renaming): NetRequest[] {
  const isCalledSo = links.some(({ index, altnames }) => index === link && altnames?.includes(name) === true)
  return isCalledSo ? [{ op: "altname-delete", link, name }] : []
}

function renameDown(run: Run, ns: NetNs, renaming: Renaming): Renamed {
  const { link } = renaming
  const dump = run.kernel.dump(ns)
  const requests: NetRequest[] = [
    { op: "link-set", link, up: false },
    ...freeing(dump, renaming),
    ...requestsOf(renaming),
    { op: "link-set", link, up: true },
    ...givenBack(link, dump.links, (each) => lostWhenDown(dump, each)),
  ]
  const answers = run.kernel.net(ns, requests)
  const waits = (answer: KernelError | null | undefined, i: number) => requests[i]?.op === "route-replace" && !!answer && hasNoWay(answer)
  return {
    failure: firstError(answers.filter((answer, i) => !waits(answer, i))),
    waiting: requests.filter((_, i) => waits(answers[i], i)),
  }
}

/** What a link that is set down and up again has not any more: addresses of IPv6, and the routes by it that nobody sets again. */
function lostWhenDown({ addresses, routes }: NetDump, link: LinkRef): NetRequest[] {
  const own = addresses.filter(({ index, scope }) => index === link && scope !== "link" && scope !== "host").map(({ address }) => address)
  const kept = keptWhenDown(own)
  const left = routes.filter((route) => leavesBy(route, link) && isLasting(route))
  // A route by a next hop wants the one to that next hop.
  const [direct, others] = [left.filter(({ via }) => via === undefined), left.filter(({ via }) => via !== undefined)]
  return [
    ...own.filter((address) => !kept.includes(address)).map((address): NetRequest => ({ op: "address-add", link, address })),
    ...[...direct, ...others].map(routeAgain),
  ]
}
