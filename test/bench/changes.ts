import type { Sandbox } from "../support/sandbox.ts"
import { timed } from "./timed.ts"

/** What stands in the place of a lab's first mtu, address, route or impairment. */
export type Change = Partial<Record<"mtu" | "address" | "route" | "impair", string>>

export const CHANGES: { readonly [what: string]: Change } = {
  mtu: { mtu: "1400" },
  address: { address: "10.80.200.1/16" },
  route: { route: "{ to: 10.99.0.0/16, dev: v0 }" },
  impairment: { impair: ", impair: { rate: 10mbit }" },
}

/** `text` is the file of a running lab, whose first link is `v0`: how long an apply takes that changes one thing of it, in ms. */
export function measureChanges(sandbox: Sandbox, text: (change?: Change) => string): Map<string, number> {
  const apply = (change?: Change) => timed(sandbox, ...sandbox.command("apply", "-y", "-f", sandbox.file("stack.yaml", text(change))))
  return new Map(
    Object.entries(CHANGES).map(([what, change]) => {
      const took = apply(change)
      apply()
      return [what, took]
    }),
  )
}

/** Containers on one bridge; `change`: of the first. */
export function bridgedText(count: number, change: Change = {}): string {
  const boxes = Array.from({ length: count }, (_, i) => {
    const { mtu = "1500", address = `10.80.${Math.floor(i / 200)}.${2 + (i % 200)}/16`, impair = "", route } = i === 0 ? change : {}
    const routes = route === undefined ? "" : `\n    routes: [${route}]`
    return `  c${i}:
    image: dir:./rootfs
    command: [/bin/busybox, sleep, infinity]
    idmap: box${routes}
    interfaces:
      v0: { bridge: lan, address: ${address}, mtu: ${mtu}${impair} }
`
  })
  const head = `name: lab\nidmaps: { box: { uid: ["0 100000 65536"], gid: ["0 100000 65536"] } }\nbridges:\n  lan: { address: 10.80.255.1/16 }\n`
  return `${head}containers:\n${boxes.join("")}`
}
