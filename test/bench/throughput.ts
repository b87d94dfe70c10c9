import { mkdirSync } from "node:fs"
import { expectStatus } from "../support/lab.ts"
import type { Sandbox } from "../support/sandbox.ts"
import { openSandbox } from "../support/sandbox.ts"
import type { Part } from "./part.ts"
import { lacking } from "./part.ts"
import { layBridge, layNat, SERVER_BEHIND, server } from "./paths.ts"
import type { Target } from "./targets.ts"
import { median } from "./timed.ts"

/** `npm run bench -- --throughput`: what a container gets of the machine, inside against outside. */
const ROUNDS = 15
const SECONDS = 2

const ABOUT = `Inside a container against outside of it, in turns, ${SECONDS} s each, medians of ${ROUNDS} rounds: one processor by stress-ng, a volume against a folder of the
same disk by fio, TCP by iperf3 from one container to another over a bridge against the same bridge, veths and namespaces by \`ip\`, and through
the bridge's NAT against the same by \`ip\` and \`nft\`.`

/** One measurement of either side: more is better. */
interface Contest {
  what: string
  unit: string
  least: number
  inside(): number
  outside(): number
}

function fought({ what, unit, least, inside, outside }: Contest): Target {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    // Who is first has the disk or the processor as the other left it: each is first in turn.
    if (round % 2 === 0) return { ours: inside(), theirs: outside() }
    const theirs = outside()
    return { ours: inside(), theirs }
  })
  const ours = median(rounds.map((round) => round.ours))
  const theirs = median(rounds.map((round) => round.theirs))
  const digits = (value: number) => (value < 100 ? value.toFixed(1) : value.toFixed(0))
  const beside = `${digits(ours)} against ${digits(theirs)} ${unit}`
  return { what, value: theirs === 0 ? undefined : ours / theirs, limit: least, unit: "×", atLeast: true, beside }
}

const STACK = `name: lab
bridges: { lan: { address: 10.77.0.1/24@NAT@ } }
volumes: { data: {} }
containers:
  box:
    image: host
    command: [sleep, infinity]
    volumes: ["data:/data"]
    interfaces: { eth0: { bridge: lan, address: 10.77.0.2/24, gateway: 10.77.0.1 } }
  server:
    image: host
    command: [iperf3, -s]
    interfaces: { eth0: { bridge: lan, address: 10.77.0.3/24 } }
`

type Run = (...command: string[]) => string

/** Operations per second of one processor. stress-ng(1): the fifth and the last but one column of its metrics, by real and by used time */
function cpu(run: Run): number {
  const text = run(
    "stress-ng",
    "--cpu",
    "1",
    "--cpu-method",
    "matrixprod",
    "--timeout",
    `${SECONDS}s`,
    "--metrics-brief",
    "--temp-path",
    "/tmp",
    "--stdout",
  )
  const found = /\bcpu +(\d+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)/.exec(text)
  if (found === null) throw new Error(`stress-ng says nothing that is understood:\n${text}`)
  return Number(found[5])
}

/** Kilobytes per second, read and written. fio(1) */
function disk(run: Run, folder: string, ...options: string[]): number {
  const words = ["--name=bench", `--directory=${folder}`, "--size=64M", "--ioengine=psync", "--output-format=json"]
  const text = run("fio", ...words, "--time_based", `--runtime=${SECONDS}`, ...options)
  const { jobs } = JSON.parse(text.slice(text.indexOf("{"))) as { jobs: { read: { bw: number }; write: { bw: number } }[] }
  return jobs.reduce((sum, { read, write }) => sum + read.bw + write.bw, 0)
}

/** Megabits per second that arrive. iperf3(1) */
function net(run: Run, address: string): number {
  const { end } = JSON.parse(run("iperf3", "-J", "-t", String(SECONDS), "-c", address)) as {
    end: { sum_received: { bits_per_second: number } }
  }
  return end.sum_received.bits_per_second / 1e6
}

const running =
  (sandbox: Sandbox, ...prefix: string[]): Run =>
  (...command) =>
    expectStatus(sandbox.run([...prefix, ...command]), 0).stdout

function cpuTarget(inside: Run, outside: Run): Target {
  return fought({ what: "one processor", unit: "operations/s", least: 0.97, inside: () => cpu(inside), outside: () => cpu(outside) })
}

const DISK = {
  "random 4 KiB, half read, past the page cache": ["--rw=randrw", "--bs=4k", "--direct=1"],
  "random 4 KiB, half read, through the page cache": ["--rw=randrw", "--bs=4k"],
}

function diskTargets(inside: Run, outside: Run, folder: string): Target[] {
  return Object.entries(DISK).map(([how, options]) =>
    fought({
      what: `files: ${how}`,
      unit: "kB/s",
      least: 0.97,
      inside: () => disk(inside, "/data", ...options),
      outside: () => disk(outside, folder, ...options),
    }),
  )
}

/** The lab of the stack in one sandbox, its twin by hand in another: neither is on the other's way. */
async function netTargets(ours: Sandbox, theirs: Sandbox, inside: Run): Promise<Target[]> {
  layBridge(theirs)
  const outside = running(theirs, "ip", "netns", "exec", "box")
  const contest = (what: string, address: string): Target =>
    fought({ what, unit: "Mbit/s", least: 0.95, inside: () => net(inside, address), outside: () => net(outside, address) })
  const servers = [await server(theirs, "server")]
  const bridge = contest("TCP over the bridge", "10.77.0.3")
  ours.file("stack.yaml", STACK.replace("@NAT@", ", nat: true"))
  expectStatus(ours.stack(["apply", "-y"]), 0)
  layNat(theirs, true)
  layNat(ours, false)
  servers.push(await server(theirs, "behind"), await server(ours, "behind"))
  const nat = contest("TCP through the bridge's NAT", SERVER_BEHIND)
  for (const one of servers) one.kill()
  return [bridge, nat]
}

export async function measureThroughput(): Promise<Part> {
  const lacks = {
    cpu: lacking("the processor", "stress-ng"),
    disk: lacking("files", "fio"),
    net: lacking("the network", "iperf3", "nft", "ip"),
  }
  const [ours, theirs] = [await openSandbox(), await openSandbox()]
  try {
    const text = lacks.net === undefined ? STACK : STACK.replace("iperf3, -s", "sleep, infinity")
    const file = ours.file("stack.yaml", text.replace("@NAT@", ""))
    expectStatus(ours.stack(["apply", "-y"]), 0)
    const inside = running(ours, ...ours.command("exec", "-f", file, "box", "--"))
    mkdirSync(`${ours.work}/outside`)
    const targets = [
      ...(lacks.cpu === undefined ? [cpuTarget(inside, running(ours))] : []),
      ...(lacks.disk === undefined ? diskTargets(inside, running(ours), `${ours.work}/outside`) : []),
      ...(lacks.net === undefined ? await netTargets(ours, theirs, inside) : []),
    ]
    return { title: "Throughput inside and outside", about: ABOUT, targets, lacks: Object.values(lacks).filter((why) => why !== undefined) }
  } finally {
    await Promise.all([ours.close(), theirs.close()])
  }
}
