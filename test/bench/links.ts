import { chmodSync, copyFileSync, mkdirSync } from "node:fs"
import { expectStatus, inits } from "../support/lab.ts"
import type { Sandbox } from "../support/sandbox.ts"
import { openSandbox } from "../support/sandbox.ts"
import type { Change } from "./changes.ts"
import { bridgedText, CHANGES, measureChanges } from "./changes.ts"
import type { Part } from "./part.ts"
import type { Target } from "./targets.ts"
import { median, timed } from "./timed.ts"

/** `npm run bench -- --links`: a thousand links between a hundred containers, and one thing of a running lab changed; of a smaller lab, too. */
const CONTAINERS = 100
const PAIRS = 500
const ROUNDS = 3

interface Pair {
  a: number
  b: number
  name: string
  /** The first three bytes of the /30 between the two. */
  net: string
}

const pairs = Array.from({ length: PAIRS }, (_, i): Pair => {
  const a = i % CONTAINERS
  return { a, b: (a + 1 + Math.floor(i / CONTAINERS)) % CONTAINERS, name: `v${i}`, net: `10.${1 + Math.floor(i / 250)}.${i % 250}` }
})

/** `change`: of the first pair, or of the first container. */
function stackText(withPairs: boolean, change: Change = {}): string {
  const boxes = Array.from({ length: CONTAINERS }, (_, i) => {
    const routes = i === 0 && change.route !== undefined ? `, routes: [${change.route}]` : ""
    return `  c${i}: { image: "dir:./rootfs", command: [/bin/busybox, sleep, infinity], idmap: box${routes} }\n`
  })
  const veths = pairs.map(({ a, b, name, net }, i) => {
    const [mtu, impair] = i === 0 ? [change.mtu ?? "1500", change.impair ?? ""] : ["1500", ""]
    const address = i === 0 ? (change.address ?? `${net}.1/30`) : `${net}.1/30`
    return `  ${name}: { mtu: ${mtu}${impair}, endpoints: [{ container: c${a}, interface: ${name}, address: ${address} }, { container: c${b}, interface: ${name}, address: ${net}.2/30 }] }\n`
  })
  const head = `name: lab\nidmaps: { box: { uid: ["0 100000 65536"], gid: ["0 100000 65536"] } }\n`
  return `${head}containers:\n${boxes.join("")}${withPairs ? `veths:\n${veths.join("")}` : ""}`
}

/** The same pairs by iproute2: all by one batch, then each namespace's addresses by one of its own. */
function byHand(sandbox: Sandbox): number {
  const inner = Array.from({ length: CONTAINERS }, (_, i) => {
    const ends = pairs.flatMap(({ a, b, name, net }) => [
      ...(a === i ? [[name, `${net}.1/30`]] : []),
      ...(b === i ? [[name, `${net}.2/30`]] : []),
    ])
    return ends.map(([name, address]) => `address add ${address} dev ${name}\nlink set ${name} up\n`).join("")
  })
  inner.forEach((text, i) => void sandbox.file(`n${i}.batch`, text))
  sandbox.file(
    "all.batch",
    pairs.map(({ a, b, name }) => `link add ${name} netns n${a} mtu 1500 type veth peer name ${name} netns n${b}\n`).join(""),
  )
  const spaces = `for i in $(seq 0 ${CONTAINERS - 1}); do`
  expectStatus(sandbox.run(["sh", "-ec", `${spaces} ip netns add n$i; done`]), 0)
  const took = timed(sandbox, "sh", "-ec", `ip -batch all.batch; ${spaces} ip -n n$i -batch n$i.batch; done`)
  expectStatus(sandbox.run(["sh", "-ec", `${spaces} ip netns del n$i; done`]), 0)
  return took
}

interface Round {
  bare: number
  up: number
  hand: number
  plan: number
  down: number
  changes: Map<string, number>
  /** The same of a hundred containers on a bridge. */
  bridged: Map<string, number>
  restarts: number
}

function measureRound(sandbox: Sandbox): Round {
  const bare = timed(sandbox, process.execPath, "-e", "0")
  const file = sandbox.file("stack.yaml", stackText(false))
  const stack = (...words: string[]) => timed(sandbox, ...sandbox.command(...words, "-f", file))
  stack("apply", "-y")
  const before = Object.values(inits(sandbox, "lab"))
  sandbox.file("stack.yaml", stackText(true))
  const up = stack("apply", "-y")
  const plan = stack("plan")
  const changes = measureChanges(sandbox, (change) => stackText(true, change))
  const after = new Set(Object.values(inits(sandbox, "lab")))
  const down = stack("destroy", "-y")
  const hand = byHand(sandbox)
  const smaller = measureBridged(sandbox)
  const restarts = before.filter((pid) => !after.has(pid)).length + smaller.restarts
  return { bare, up, hand, plan, down, changes, bridged: smaller.changes, restarts }
}

function measureBridged(sandbox: Sandbox): Pick<Round, "changes" | "restarts"> {
  const file = sandbox.file("stack.yaml", bridgedText(CONTAINERS))
  timed(sandbox, ...sandbox.command("apply", "-y", "-f", file))
  const before = Object.values(inits(sandbox, "lab"))
  const changes = measureChanges(sandbox, (change) => bridgedText(CONTAINERS, change))
  const after = new Set(Object.values(inits(sandbox, "lab")))
  timed(sandbox, ...sandbox.command("destroy", "-y", "-f", file))
  return { changes, restarts: before.filter((pid) => !after.has(pid)).length }
}

const ABOUT = `500 veth pairs between ${CONTAINERS} containers, by \`stack apply\` and by \`ip -batch\`, in turns; then one thing of the running lab changed, and of
${CONTAINERS} containers on a bridge. \`bare\` is \`node -e 0\`: a plan and a change may take 200 ms more. Medians of ${ROUNDS} rounds.`

export async function measureLinks(): Promise<Part> {
  const sandbox = await openSandbox()
  try {
    for (const name of ["bin", "proc", "sys", "dev", "etc", "tmp"]) mkdirSync(`${sandbox.work}/rootfs/${name}`, { recursive: true })
    copyFileSync("/bin/busybox", `${sandbox.work}/rootfs/bin/busybox`)
    chmodSync(`${sandbox.work}/rootfs/bin/busybox`, 0o755)
    const rounds = Array.from({ length: ROUNDS }, () => measureRound(sandbox))
    const of = (get: (round: Round) => number) => median(rounds.map(get))
    const bare = of((round) => round.bare)
    const changed = (lab: string, get: (round: Round) => Map<string, number>) =>
      Object.keys(CHANGES).map(
        (what): Target => ({
          what: `${lab}: one ${what} changed`,
          value: of((round) => get(round).get(what) ?? 0),
          limit: bare + 200,
          unit: "ms",
        }),
      )
    const targets: Target[] = [
      { what: "1000 links: apply, against 2 × ip -batch", value: of(({ up }) => up), limit: 2 * of(({ hand }) => hand), unit: "ms" },
      { what: "1000 links: plan, nothing to change", value: of(({ plan }) => plan), limit: bare + 200, unit: "ms" },
      { what: "1000 links, 100 containers: destroy", value: of(({ down }) => down), limit: 1000, unit: "ms" },
      ...changed(`${CONTAINERS} containers on a bridge`, ({ bridged }) => bridged),
      ...changed(`${CONTAINERS} containers with 1000 links`, ({ changes }) => changes),
      { what: "restarted containers", value: Math.max(...rounds.map(({ restarts }) => restarts)), limit: 0, unit: "" },
    ]
    return { title: "A thousand links", about: ABOUT, targets, lacks: [] }
  } finally {
    await sandbox.close()
  }
}
