import type { Address } from "../../base/address.ts"
import { hostsText, parseHosts } from "../../base/hosts-file.ts"
import type { Driver, Reading, Run, Scope, StepResult } from "../../model/driver.ts"
import { hostsFileOf, ownHostsFileOf } from "../../model/ownership.ts"
import type { Attributes, Value } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { attemptNow } from "../step-result.ts"
import type { HostsAttributes } from "./spec.ts"
import { aboutHosts, HOSTS_ADDRESS, HOSTS_NAME } from "./spec.ts"

type Applied = ReadonlyMap<Address, Attributes | null>

/** Files of the run folder, which are mounted in containers. */
export const hostsDriver: Driver = {
  name: "hosts",
  isSoughtByRecord: true,
  observe: (scope) => (applied) => (mayBeThere(scope, applied) ? read(scope, applied) : NOTHING),
  ops: {
    create: (steps, run) => each(steps, (step) => write(step, run)),
    update: (steps, run) => each(steps, (step) => write(step, run)),
    delete: (steps, { kernel, stack }) => each(steps, () => kernel.removeTree(hostsFileOf(stack))),
  },
}

const NOTHING: Reading = { resources: [], foreign: [] }

/** Stacks whose containers have no addresses do without, and so does the reading of them. */
function mayBeThere({ desired: { resources } }: Scope, applied: Applied): boolean {
  return resources.length === 0 || applied.has(HOSTS_ADDRESS) || resources.some(({ kind }) => kind === "hosts")
}

function read(scope: Scope, applied: Applied): Reading {
  const { kernel, stack, runFolders } = scope
  const wanted = scope.resource(HOSTS_ADDRESS)?.attributes ?? {}
  const named = [wanted, applied.get(HOSTS_ADDRESS) ?? {}].flatMap(({ own = {} }) => Object.keys(own as Attributes))
  // Where all is sought, nobody need have said whose there are.
  const sought = scope.desired.resources.length === 0 ? [...runFolders] : named
  const owners = [...new Set(sought)].filter((name) => runFolders.has(name)).sort()
  const [text = null, ...texts] = kernel.readMany([hostsFileOf(stack), ...owners.map((name) => ownHostsFileOf(stack, name))])
  const own = owners.flatMap((name, i) => (texts[i] == null ? [] : [[name, parseHosts(texts[i])] as const]))
  if (text === null && own.length === 0) return NOTHING
  const attributes: HostsAttributes = { names: parseHosts(text ?? ""), own: Object.fromEntries(own) }
  const { kind, address, name } = { kind: "hosts", address: HOSTS_ADDRESS, name: HOSTS_NAME } as const
  return { resources: [{ kind, address, name, attributes: attributes as unknown as Attributes, live: livePath(stack) }], foreign: [] }
}

function livePath(stack: string): { [key: string]: Value } {
  return { path: hostsFileOf(stack) }
}

/** A file of a container's own is made with the container: here it is kept up to date. */
function write({ change }: Step, { kernel, stack }: Run): void {
  const { names, own } = change.after as unknown as HostsAttributes
  kernel.rewriteFile(hostsFileOf(stack), hostsText(aboutHosts(stack), names))
  for (const [name, lines] of Object.entries(own)) {
    const path = ownHostsFileOf(stack, name)
    if (kernel.stat(path) !== null) kernel.rewriteFile(path, hostsText(aboutHosts(stack), lines))
  }
}

function each(steps: readonly Step[], work: (step: Step) => void): Promise<StepResult>[] {
  return steps.map((step) => attemptNow(() => work(step)))
}
