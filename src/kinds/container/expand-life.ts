import { parseDuration } from "../../base/duration.ts"
import { nearestSignal, signalName, signalNumber } from "../../base/signal.ts"
import type { Entry } from "../../model/entry.ts"
import type { Life } from "./spec-life.ts"
import { SYSTEM_LIFE, USUAL_LIFE } from "./spec-life.ts"

/** As the file writes it. */
export interface LifeEntry {
  init?: boolean | string
  stop_signal?: string | number
  stop_grace_period?: string | number
  restart?: string
}

/** A day: more is a mistake, and an apply that would wait so long. */
const LONGEST_MS = 86_400_000

export function lifeOf(value: LifeEntry, entry: Entry): Life {
  const usual = isSystem(value) ? SYSTEM_LIFE : USUAL_LIFE
  return {
    init: value.init === true ? "reaper" : usual.init,
    stop_signal: signalOf(value.stop_signal, usual, entry),
    stop_grace_period: graceOf(value.stop_grace_period, usual, entry),
    restart: value.restart ?? usual.restart,
  }
}

/** It boots a system of its own. */
export function isSystem({ init }: LifeEntry): boolean {
  return init === "systemd"
}

function signalOf(written: string | number | undefined, usual: Life, entry: Entry): string {
  if (written === undefined) return usual.stop_signal
  const number = signalNumber(String(written))
  if (number !== undefined) return signalName(number)
  const near = nearestSignal(String(written))
  entry.report(["stop_signal"], "unknown-signal", `no signal is called \`${written}\``, {
    hint: near === undefined ? "such as SIGTERM, SIGINT, SIGRTMIN+3, or a number from 1 to 64" : `did you mean \`${near}\`?`,
  })
  return usual.stop_signal
}

function graceOf(written: string | number | undefined, usual: Life, entry: Entry): number {
  if (written === undefined) return usual.stop_grace_period
  const ms = parseDuration(written)
  if (ms !== undefined && ms <= LONGEST_MS) return ms
  const hint = "write it as 10s, 1m30s or 500ms; at most 24h"
  entry.report(["stop_grace_period"], "bad-duration", `\`${written}\` is no time to wait for a command's end`, { hint })
  return usual.stop_grace_period
}
