import { signalName } from "../../base/signal.ts"
import type { ContainerAttributes } from "./spec.ts"

/**
 * Signals by which the kernel ends process 1 of a pid namespace that has called reboot(2). No signal that anybody sends ends that process by
 * one of them: of those without a handler only SIGKILL and SIGSTOP reach it. pid_namespaces(7)
 */
const BY_REBOOT: { readonly [signal: string]: { state: string; word: string } } = {
  1: { state: "ended (reboot)", word: "reboot" },
  2: { state: "powered off", word: "power-off" },
}

type Namespaces = Pick<ContainerAttributes, "namespaces">

function byReboot(signal: string | undefined, container: Namespaces | undefined) {
  return container?.namespaces.pid === "new" ? BY_REBOOT[signal ?? ""] : undefined
}

/** Of a command that has ended: `completed` (exit status 0), `exited (N)`, `killed (SIGNAL)`, `powered off` (also halted), `ended (reboot)`. */
export function endedState({ exit, signal }: { exit?: string; signal?: string }, container: Namespaces | undefined): string {
  if (signal !== undefined) return byReboot(signal, container)?.state ?? `killed (${signalName(signal)})`
  if (exit === undefined) return "exited (unknown)"
  return exit === "0" ? "completed" : `exited (${exit})`
}

/** `ending` as a monitor writes it: `exit N`, `signal N`. The same, or `power-off`, `reboot`. */
export function endingWord(ending: string, container: Namespaces | undefined): string {
  return byReboot(/^signal (\d+)$/.exec(ending)?.[1], container)?.word ?? ending
}
