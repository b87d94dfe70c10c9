import type { KernelError, NetNs, NetRequest } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import { linkGroupOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { setAcceptRa } from "../link/accept-ra.ts"
import { impairChanges } from "../link/impair.ts"
import { netnsOf } from "../link/netns.ts"
import type { StepErrors } from "../link/results.ts"
import { firstError, sendAll } from "../link/results.ts"
import type { VethAttributes } from "./spec.ts"

type Endpoint = VethAttributes["endpoints"][number]

/** All pairs by one message, born in their namespaces; then to each namespace all that is to be said of the ends in it. */
export function createPairs(steps: readonly Step[], run: Run): StepErrors {
  const born = sendAll(steps, run, "host", (step) => [creation(step, run)])
  const errors = new Map(steps.map((step, i) => [step, born[i] ?? heedAtHost(step, run)]))
  for (const [ns, ends] of endsByNamespace(steps, run)) {
    // Under the name of one that was refused, because somebody else has it, nothing is ours to change.
    const own = ends.filter(({ step }) => errors.get(step) === null)
    const said = own.map(({ requests }) => requests)
    const answers = run.kernel.net(ns, said.flat())
    let next = 0
    for (const [i, { step }] of own.entries()) {
      const count = said[i]?.length ?? 0
      const failure = firstError(answers.slice(next, next + count))
      next += count
      if (failure !== null) errors.set(step, failure)
    }
  }
  return steps.map((step) => errors.get(step) ?? null)
}

function creation(step: Step, run: Run): NetRequest {
  const { endpoints, mtu } = step.change.after as unknown as VethAttributes
  const [a, b] = endpoints as [Endpoint, Endpoint]
  const group = linkGroupOf(run.stack)
  const end = (e: Endpoint) => ({ name: e.interface, ns: netnsOf(run, e.container), mac: e.mac, mtu, group })
  return { op: "veth-add", end: { ...end(a), up: false }, peer: end(b) }
}

/** Before it is up, and before it bears the mark: what has that is as it is to be. */
function heedAtHost({ change }: Step, run: Run): KernelError | null {
  const { endpoints } = change.after as unknown as VethAttributes
  return firstError(endpoints.map((end) => heed(end, run)))
}

/** Whether the host listens to routers at its end. */
export function heed({ container, interface: name, accept_ra }: Endpoint, run: Run): KernelError | null {
  return container === "host" ? setAcceptRa(run.kernel, name, accept_ra === true) : null
}

interface Ends {
  step: Step
  requests: NetRequest[]
}

function endsByNamespace(steps: readonly Step[], run: Run): Map<NetNs, Ends[]> {
  const found = new Map<NetNs, Ends[]>()
  for (const step of steps) {
    const { endpoints, alias } = step.change.after as unknown as VethAttributes
    for (const endpoint of endpoints) {
      const ns = netnsOf(run, endpoint.container)
      const ends = found.get(ns) ?? []
      if (ends.length === 0) found.set(ns, ends)
      ends.push({ step, requests: completion(endpoint, alias, run) })
    }
  }
  return found
}

/** The mark first; up last, so that nothing gets through before it is as it is to be. */
function completion(want: Endpoint, alias: string, run: Run): NetRequest[] {
  const link = want.interface
  const up: NetRequest[] = want.up ? [{ op: "link-set", link, up: true }] : []
  return [
    { op: "link-set", link, alias },
    ...impairChanges(run.kernel, link, undefined, want.impair),
    ...want.address.map((address): NetRequest => ({ op: "address-add", link, address })),
    ...up,
  ]
}
