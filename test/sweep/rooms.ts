import type { Case, Outcome } from "./case.ts"
import type { Room } from "./room.ts"
import { openRoom } from "./room.ts"

/** So many rooms at a time, each used for as many cases as it lasts: until one fails, which may leave something behind. */
export class Rooms {
  readonly #free: (Room | undefined)[]
  readonly #waiting: (() => void)[] = []
  readonly #open = new Set<Room>()

  constructor(count: number) {
    this.#free = Array.from({ length: count }, () => undefined)
  }

  /** Does some work in a room, as soon as there is one. */
  async use<T>(work: (run: (one: Case) => Promise<Outcome>) => Promise<T>): Promise<T> {
    while (this.#free.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let room = this.#free.pop()
    try {
      return await work(async (one) => {
        room ??= await this.#opened()
        const outcome = await room.run(one)
        if (outcome.problems.length === 0) return outcome
        await this.#leave(room)
        room = undefined
        return outcome
      })
    } finally {
      this.#free.push(room)
      this.#waiting.shift()?.()
    }
  }

  async #opened(): Promise<Room> {
    const room = await openRoom()
    this.#open.add(room)
    return room
  }

  /** Once: of one that is closed with all others the case has failed, too. */
  async #leave(room: Room): Promise<void> {
    if (this.#open.delete(room)) await room.close()
  }

  /** All of them, also those in use: what is being done there fails. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((room) => this.#leave(room)))
  }
}
