import { readImage, readRef } from "../../image/store.ts"
import type { Driver, Reading, Run, Scope, StepResult } from "../../model/driver.ts"
import type { Observed } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { attempt } from "../step-result.ts"
import type { ImageAttributes } from "./spec.ts"

/** An image in the store that all stacks share. */
export const imageDriver: Driver = {
  name: "image",
  observe,
  ops: { unpack },
}

/** Of those that the file names: what else is in the store is not the stack's. */
function observe({ kernel, desired }: Scope): Reading {
  const wanted = desired.resources.filter(({ kind }) => kind === "image")
  const resources = wanted.flatMap(({ address, name }): Observed[] => {
    const ref = readRef(kernel, name)
    if (ref === undefined || readImage(kernel, ref.digest) === undefined) return []
    return [{ kind: "image", address, name, attributes: { digest: ref.digest }, live: {} }]
  })
  return { resources, foreign: [] }
}

/** Step `unpack`: one after the other, each with its layers side by side. */
function unpack(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  let before: Promise<unknown> = Promise.resolve()
  return steps.map((step) => {
    const own = before.then(() => attempt(() => bring(step, run)))
    before = own
    return own
  })
}

async function bring(step: Step, { kernel, environment = {}, progress }: Run): Promise<void> {
  const { change } = step
  const { digest } = change.after as unknown as ImageAttributes
  const { bringImage } = await import("../../image/unpack-step.ts")
  await bringImage(kernel, change.name, digest, environment, (done, total) => progress?.(step, done, total))
}
