import { formatIp } from "../base/ip.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { Published } from "../kinds/nat/spec-ports.ts"

/** A socket of the host that waits for what comes to a port, and in words whose it is. */
export interface Socket extends Published {
  by: string
}

/** Files of sockets, and the states in which one waits: listening TCP, UDP that is bound to no peer. proc_pid_net(5), net/tcp_states.h */
const FILES = [
  { path: "/proc/net/tcp", protocol: "tcp", state: "0A" },
  { path: "/proc/net/tcp6", protocol: "tcp", state: "0A" },
  { path: "/proc/net/udp", protocol: "udp", state: "07" },
  { path: "/proc/net/udp6", protocol: "udp", state: "07" },
] as const

/** The host's sockets that are looked for. Whose they are is found out of those alone. */
export function socketsOn(kernel: Kernel, isWanted: (socket: Published) => boolean): Socket[] {
  const texts = kernel.readMany(FILES.map(({ path }) => path))
  const found = FILES.flatMap(({ protocol, state }, i) =>
    (texts[i] ?? "")
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const [, local = "", , itsState, , , , , , inode = ""] = line.trim().split(/\s+/)
        const [address = "", port = ""] = local.split(":")
        if (itsState !== state || port === "") return []
        const number = Number.parseInt(port, 16)
        const socket: Published = { host: addressOf(address), first: number, last: number, protocol }
        return isWanted(socket) ? [{ socket, inode }] : []
      }),
  )
  if (found.length === 0) return []
  const owners = ownersOf(kernel, new Set(found.map(({ inode }) => inode)))
  return found.map(({ socket, inode }) => ({ ...socket, by: owners.get(inode) ?? "a process of this host" }))
}

/** Words of four bytes, each as this machine writes numbers. One of all addresses of IPv6 takes what comes for IPv4, too. */
function addressOf(digits: string): string {
  const words = digits.match(/.{8}/g) ?? []
  const value = BigInt(`0x${words.map((word) => (word.match(/../g) ?? []).reverse().join("")).join("") || "0"}`)
  if (words.length > 1) return value === 0n ? "" : formatIp({ family: 6, value })
  return formatIp({ family: 4, value })
}

/** By the number of a socket who has it open, as far as this process may know. */
function ownersOf(kernel: Kernel, inodes: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>()
  for (const pid of namesIn(kernel, "/proc").filter((name) => /^\d+$/.test(name))) {
    for (const fd of namesIn(kernel, `/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(kernel, `/proc/${pid}/fd/${fd}`) ?? "")?.[1]
      if (inode === undefined || !inodes.has(inode) || found.has(inode)) continue
      found.set(inode, `${kernel.read(`/proc/${pid}/comm`)?.trim() ?? "a process"} (process ${pid})`)
    }
  }
  return found
}

function namesIn(kernel: Kernel, folder: string): string[] {
  return permitted(() => kernel.list(folder)) ?? []
}

function linkOf(kernel: Kernel, path: string): string | null {
  return permitted(() => kernel.readLink(path)) ?? null
}

/** What this process may not look at, or what has ended meanwhile, tells nothing. */
function permitted<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (failure) {
    if (failure instanceof KernelError) return undefined
    throw failure
  }
}
