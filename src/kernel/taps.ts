import type { Ffi } from "./ffi.ts"
import type { NetNs } from "./kernel.ts"
import { refused } from "./refused.ts"

/** A tap device that is to be: whoever opens /dev/net/tun sends and takes in what goes over it. Ids as this process's user namespace has them. */
export interface TapWish {
  name: string
  /** Who may open it besides those that may administrate the network; absent: any that it is given to. */
  owner?: number
  group?: number
  /** Several programs at once, or threads of one. */
  multi_queue?: true
}

/** One that is there as long as this process has it open, in whatever way that ends. */
export interface OpenTap {
  /** It stays. */
  keep(): void
  /** It goes. Nothing where it was kept. */
  drop(): void
}

/** The part of the port that is taps. */
export interface Taps {
  /** `ip tuntap add NAME mode tap …` in a namespace; EBUSY where that has a link of the name. rtnetlink makes none. */
  openTap(ns: NetNs, tap: TapWish): OpenTap
}

export function tapTwin({ name, owner, group, multi_queue }: TapWish): string {
  const words = [
    owner === undefined ? "" : ` user ${owner}`,
    group === undefined ? "" : ` group ${group}`,
    multi_queue ? " multi_queue" : "",
  ]
  return `ip tuntap add ${name} mode tap${words.join("")}`
}

export function openTaps(ffi: Ffi): Taps {
  return {
    openTap: (ns, tap) => {
      const twin = tapTwin(tap)
      const { name, owner = -1, group = -1, multi_queue = false } = tap
      // Numbers above 2^31 have the same bits.
      const fd = refused(twin, ffi.tapOpen(ns === "host" ? "" : ns, name, Number(multi_queue), owner | 0, group | 0))
      let isOpen = true
      const close = () => {
        if (isOpen) ffi.close(fd)
        isOpen = false
      }
      return {
        keep: () => {
          try {
            refused(twin, ffi.tapKeep(fd))
          } finally {
            close()
          }
        },
        drop: close,
      }
    },
  }
}
