import type { Fragment } from "../../model/fragment.ts"
import { truth } from "../../model/fragment.ts"

/** What of its files is written where. */
export function mountsSchema(): { [key: string]: Fragment } {
  return {
    read_only: truth("Nothing is written to its root filesystem; what is mounted in it is another matter.", false),
    ephemeral: truth("What it writes to its root filesystem is kept in memory (a tmpfs), and lost when its command ends.", false),
  }
}
