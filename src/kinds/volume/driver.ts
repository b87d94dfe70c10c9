import type { Driver, Reading, Run, Scope } from "../../model/driver.ts"
import { KEPT_ROOT, VOLUME_ROOT, volumeFolderOf, volumesFolderOf } from "../../model/ownership.ts"
import type { Foreign, Observed } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { makeFolders } from "../folders.ts"
import { attempt, attemptNow } from "../step-result.ts"

/** A folder `/var/lib/stack/volumes/STACK/NAME`, whose place says whose it is: only root may pass the folder above. */
export const volumeDriver: Driver = {
  name: "volume",
  observe,
  ops: {
    create: (steps, run) => steps.map((step) => attemptNow(() => create(step, run))),
    delete: (steps, run) => {
      const removed = run.kernel.removeTreesLater(steps.map((step) => volumeFolderOf(run.stack, step.change.name)))
      return steps.map((_, i) =>
        attempt(async () => {
          const failure = (await removed)[i]
          if (failure) throw failure
        }),
      )
    },
  },
}

/** Those that are wanted, and all others where these matter: a stack without volumes is not asked for any. */
function observe(scope: Scope): Reading {
  const { kernel, stack, desired } = scope
  const wanted = desired.resources.filter(({ kind }) => kind === "volume").map(({ name }) => name)
  const names = new Set([...wanted, ...(desired.allVolumes ? kernel.list(volumesFolderOf(stack)) : [])])
  const found = [...names].map((name) => ({ name, type: kernel.lstat(volumeFolderOf(stack, name))?.type }))
  return {
    resources: found.filter(({ type }) => type === "folder").map(({ name }) => observed(stack, name)),
    foreign: found.filter(({ type }) => type !== undefined && type !== "folder").map(({ name }) => foreign(stack, name)),
  }
}

function observed(stack: string, name: string): Observed {
  return { kind: "volume", address: `volume.${name}`, name, attributes: {}, live: { path: volumeFolderOf(stack, name) } }
}

function foreign(stack: string, name: string): Foreign {
  return { address: `volume.${name}`, what: `${volumeFolderOf(stack, name)} is no folder` }
}

/** Above the volumes nobody but root may pass: what a container writes may have a set-user-id bit, and belongs to root on the disk. */
function create({ change }: Step, { kernel, stack }: Run): void {
  makeFolders(kernel, [
    [KEPT_ROOT, 0o711],
    [VOLUME_ROOT, 0o700],
    [volumesFolderOf(stack), 0o700],
    [volumeFolderOf(stack, change.name), 0o755],
  ])
}
