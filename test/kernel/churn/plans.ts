/**
 * Plans a stack again and again in one process, and says as JSON what came of it. `node plans.ts FILE SECONDS COUNT`: until that long
 * has passed, and not before so many plans.
 */
import { fileURLToPath } from "node:url"
import { readLayout } from "../../../src/kernel/cgroup/layout.ts"
import { stackGroups } from "../../../src/kernel/cgroup/tree.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { linuxKernel } from "../../../src/kernel/linux.ts"
import type { Desired } from "../../../src/model/resource.ts"
import { observe } from "../../../src/observe/observe.ts"
import { planAsText } from "../../../src/plan/format.ts"
import { makePlan } from "../../../src/plan/plan.ts"
import { loadStack } from "../../../src/stackfile/load.ts"

export interface ChurnReport {
  plans: number
  /** Plans that were not empty, the first few as text. */
  wrong: number
  texts: string[]
  /** Readings that were refused, by what was said. */
  refused: { [words: string]: number }
  /** Milliseconds. */
  longest: number
}

function load(file: string): Desired {
  const loaded = loadStack({ file, cwd: process.cwd(), vars: {}, varFiles: [], environment: {}, profiles: [] })
  if (loaded.desired === undefined) throw new Error(JSON.stringify(loaded.diagnostics))
  return loaded.desired
}

function planMany(desired: Desired, seconds: number, count: number): ChurnReport {
  const kernel = linuxKernel(fileURLToPath(new URL("../../../dist/", import.meta.url)))
  const layout = readLayout(kernel)
  const report: ChurnReport = { plans: 0, wrong: 0, texts: [], refused: {}, longest: 0 }
  const end = performance.now() + seconds * 1000
  while (performance.now() < end || report.plans < count) {
    const began = performance.now()
    try {
      const snapshot = observe(kernel, desired, stackGroups(kernel, layout, desired.stack), layout.controllers)
      const { plan, diagnostics } = makePlan(desired, snapshot)
      if (plan.hasChanges || diagnostics.length > 0) {
        report.wrong++
        if (report.texts.length < 5) report.texts.push(`${planAsText(plan)}\n${diagnostics.map((d) => d.summary).join("\n")}`)
      }
    } catch (failure) {
      if (!(failure instanceof KernelError)) throw failure
      report.refused[failure.message] = (report.refused[failure.message] ?? 0) + 1
    }
    report.plans++
    report.longest = Math.max(report.longest, performance.now() - began)
  }
  return report
}

const [file = "", seconds = "10", count = "0"] = process.argv.slice(2)
console.log(JSON.stringify(planMany(load(file), Number(seconds), Number(count))))
