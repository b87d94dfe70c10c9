import type { Step, StepId } from "../model/step.ts"

/** How far a plan has come: which steps are ready, which never will be. */
export class GraphWalk {
  readonly #steps: readonly Step[]
  readonly #waiting = new Map<StepId, number>()
  readonly #followers = new Map<StepId, Step[]>()
  /** Taken, or lost with a step they wait for. */
  readonly #settled = new Set<StepId>()
  #ready: Step[] = []

  constructor(steps: readonly Step[]) {
    this.#steps = steps
    for (const step of steps) {
      this.#waiting.set(step.id, step.after.length)
      this.#followers.set(step.id, [])
    }
    for (const step of steps) {
      if (step.after.length === 0) this.#ready.push(step)
      for (const id of step.after) this.#followers.get(id)?.push(step)
    }
  }

  /** Steps that nothing holds back any more and that were not taken yet. */
  get ready(): readonly Step[] {
    return this.#ready
  }

  /** These are being run. */
  take(steps: Iterable<Step>): void {
    for (const step of steps) this.#settled.add(step.id)
    this.#ready = this.#ready.filter((step) => !this.#settled.has(step.id))
  }

  succeeded(step: Step): void {
    for (const follower of this.#followers.get(step.id) ?? []) {
      const left = (this.#waiting.get(follower.id) as number) - 1
      this.#waiting.set(follower.id, left)
      if (left === 0 && !this.#settled.has(follower.id)) this.#ready.push(follower)
    }
  }

  /** All that waited for it, directly or not: they will never run. */
  failed(step: Step): Step[] {
    const lost: Step[] = this.#loseFollowers(step)
    for (const one of lost) lost.push(...this.#loseFollowers(one))
    return lost
  }

  /** What was neither taken nor lost. */
  rest(): Step[] {
    return this.#steps.filter((step) => !this.#settled.has(step.id))
  }

  #loseFollowers(step: Step): Step[] {
    const lost = (this.#followers.get(step.id) ?? []).filter((follower) => !this.#settled.has(follower.id))
    for (const follower of lost) this.#settled.add(follower.id)
    return lost
  }
}
