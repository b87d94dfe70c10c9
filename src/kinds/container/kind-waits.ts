import type { Address } from "../../base/address.ts"
import type { StepId } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { imageAddress, isKept } from "../image/spec.ts"
import type { ContainerAttributes } from "./spec.ts"

/** After which its image is there: who is to run in it is looked up in it. */
export function imageSteps({ image }: Partial<ContainerAttributes>): StepId[] {
  return image !== undefined && isKept(image) ? [stepId(imageAddress(image), "unpack")] : []
}

/** After which the namespaces of others can be joined. */
export function readySteps(others: ReturnType<typeof joined>): StepId[] {
  return others.flatMap(({ address, ready }) => [stepId(address, ready), stepId(address, "restart")])
}

/** After which those run that must run before. */
export function runningSteps(want: ContainerAttributes): StepId[] {
  return startedBefore(want).flatMap((address) => ["start", "restart"].map((op) => stepId(address, op)))
}

/** After which what is known of their health comes of the check that they are to have. */
export function checkedSteps({ conditions }: ContainerAttributes): StepId[] {
  return Object.keys(conditions).map((address) => stepId(address, "healthcheck"))
}

/**
 * The containers whose namespaces it joins, and the step after which they can be joined: a namespace is there with the
 * process, but what is mounted in it only once the command has started.
 */
export function joined({ namespaces }: Pick<ContainerAttributes, "namespaces">): { address: Address; ready: "spawn" | "start" }[] {
  const found = new Map<Address, "spawn" | "start">()
  for (const [kind, mode] of Object.entries(namespaces)) {
    if (!mode.startsWith("container:")) continue
    const address = mode.replace(":", ".")
    found.set(address, kind === "mount" || found.get(address) === "start" ? "start" : "spawn")
  }
  return [...found].map(([address, ready]) => ({ address, ready }))
}

/** What must have started before it, and ends after it. */
export function startedBefore(attributes: Partial<ContainerAttributes>): Address[] {
  const others = attributes.namespaces === undefined ? [] : joined({ namespaces: attributes.namespaces })
  return [...new Set([...(attributes.depends_on ?? []), ...others.map(({ address }) => address)])]
}

export function parentOf({ cgroup }: Partial<ContainerAttributes>): Address[] {
  return cgroup === undefined || cgroup === "" ? [] : [`cgroup.${cgroup}`]
}

/** What waits until everybody in its parent's group has begun who is to: after that none would. */
export function freezingSteps(want: Partial<ContainerAttributes>): StepId[] {
  return parentOf(want).map((parent) => stepId(parent, "freeze"))
}

/** What brings its parent's group to where a process can be born in it, and run. */
export function groupSteps(want: Partial<ContainerAttributes>): StepId[] {
  return parentOf(want).flatMap((parent) => ["create", "thaw", "widen", "update"].map((op) => stepId(parent, op)))
}
