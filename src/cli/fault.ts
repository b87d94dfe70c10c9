import { setTimeout as sleep } from "node:timers/promises"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Kernel, NetRequest } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { Context } from "./context.ts"
import { EXIT } from "./exit.ts"
import type { LiveEnd } from "./live-link.ts"
import { heedful, throughHangups } from "./signals.ts"

/** Something done to a link on purpose, and how it is undone. */
export interface Fault {
  end: LiveEnd
  /** What is done to it, in words: `loss 10%`. */
  words: string
  requests: readonly NetRequest[]
  /** What puts back what was there before; nothing where somebody else has changed it since. */
  back(): readonly NetRequest[]
}

/**
 * Does it at once. With `time` (milliseconds) it is put back when that is over, or as soon as somebody ends the command by SIGINT or SIGTERM;
 * without, it stays: the next plan shows it as drift, and an apply heals it.
 */
export async function doFaults(kernel: Kernel, faults: readonly Fault[], time: number | undefined, context: Context): Promise<number> {
  if (time === undefined) {
    for (const fault of faults) doFault(kernel, fault, context)
    return EXIT.ok
  }
  return throughHangups(() =>
    heedful(async ({ signal, code }) => {
      const done: Fault[] = []
      try {
        for (const fault of faults) {
          doFault(kernel, fault, context)
          done.push(fault)
        }
        await sleep(time, undefined, { signal }).catch(() => undefined)
      } finally {
        for (const { end, back } of done) {
          send(kernel, end, back())
          context.err.write(`${end.name}: put back\n`)
        }
      }
      return (await code()) ?? EXIT.ok
    }),
  )
}

function doFault(kernel: Kernel, { end, words, requests }: Fault, context: Context): void {
  send(kernel, end, requests)
  context.err.write(`${end.name}: ${words}\n`)
}

/** A link that has gone with its container need not be put right. */
function send(kernel: Kernel, { name, ns }: LiveEnd, requests: readonly NetRequest[]): void {
  if (requests.length === 0) return
  const [failure] = kernel.net(ns, requests).filter((answer) => answer !== null)
  if (failure === undefined) return
  throw new DiagnosticError(
    error("refused", `${name}: ${failure.op}: ${failure.errno}`, {
      ...(failure.text === "" ? {} : { detail: failure.text }),
      hint:
        failure.errno === "EPERM"
          ? "it takes CAP_NET_ADMIN: run it as root"
          : "`stack show` says what is live, `stack apply` puts it right",
    }),
  )
}

/** What is read of a link in a namespace that is gone. */
export function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (failure) {
    if (failure instanceof KernelError) return undefined
    throw failure
  }
}
