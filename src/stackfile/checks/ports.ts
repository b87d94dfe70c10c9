import { clash, formatPublished } from "../../kinds/nat/spec-ports.ts"
import type { DraftPort } from "../nats.ts"
import { portsOf } from "../nats.ts"
import type { Draft } from "../resolve.ts"
import { placeText, sameSpot } from "./spots.ts"

/** One port of the host published twice in the stack; and what is wrong with those of `replicas: 0`. */
export function checkPorts(draft: Draft): void {
  for (const container of draft.spare) portsOf(container, draft.bridges)
  const told = new Set<string>()
  const before = new Map<string, DraftPort[]>()
  for (const port of draft.ports) {
    const { protocol } = port.published
    const others = before.get(protocol) ?? []
    const holder = others.find((other) => clash(other.published, port.published))
    if (holder === undefined) before.set(protocol, [...others, port])
    else tell(holder, port, told)
  }
}

function tell(holder: DraftPort, port: DraftPort, told: Set<string>): void {
  const [mine, its] = [spotOf(port), spotOf(holder)]
  if (told.has(placeText(mine))) return
  told.add(placeText(mine))
  const words = `port ${formatPublished(port.published)} of the host`
  const replicas = sameSpot(mine, its) && port.container !== holder.container
  const summary = replicas
    ? `${words} is published by every replica`
    : `${words} is published by ${holder.container.entry.address} already (${placeText(its)})`
  port.container.entry.report(port.path, "port-clash", summary, {
    hint: replicas ? `put the number into it: "808$\{index}:80"` : "publish one of the two elsewhere, or take it out",
  })
}

function spotOf({ container: { entry, source }, path }: DraftPort) {
  return { who: entry.address, entry, source, path }
}
