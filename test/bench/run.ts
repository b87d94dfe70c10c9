/**
 * `npm run bench`: stack beside other tools on the same labs, interleaved in one run, and what came out against the numbers
 * it is to reach. Ratios count: the machine is as fast as it is. See --help.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { machineLine, performanceDocument, withPartsOf, withSection } from "./document.ts"
import { measureLinks } from "./links.ts"
import type { Part } from "./part.ts"
import { sectionOf } from "./part.ts"
import { measureStages } from "./stages.ts"
import { measureStart } from "./start.ts"
import type { Row } from "./targets.ts"
import { rowTable, targetTable } from "./targets.ts"
import { measureThroughput } from "./throughput.ts"
import { measureUnpack } from "./unpack.ts"

const USAGE = `Usage: npm run bench -- [OPTIONS] [PEER...]

  --n SIZES      sizes of the labs (1,50,100)
  --rounds N     passes over all peers (3)
  --growth       also 100, 500 and 1000 containers, of stack and of floor-c
  --stages       also system calls and milliseconds of each stage of an apply
  --json FILE    all numbers
  --write FILE   the document (docs/performance.md); of a part, its section of it
Parts, each measured instead of all that, together where more are named:
  --links        a thousand links between a hundred containers, beside ip -batch
  --unpack       an image of 200 MB, beside umoci and skopeo
  --throughput   processor, files and network inside and outside of a container (stress-ng, fio, iperf3)
  --start        one container of an unpacked image, beside crun
Peers: names of folders in test/bench/peers (stack floor-c crun lxc docker-compose).
It needs root, installs the Debian packages of the peers, and takes some minutes.
`
const PARTS = { links: measureLinks, unpack: measureUnpack, throughput: measureThroughput, start: measureStart }
const BENCH = fileURLToPath(new URL("peers/run.sh", import.meta.url))
const PEERS = ["stack", "floor-c", "crun", "lxc", "docker-compose"]

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      n: { type: "string", default: "1,50,100" },
      rounds: { type: "string", default: "3" },
      growth: { type: "boolean", default: false },
      stages: { type: "boolean", default: false },
      links: { type: "boolean", default: false },
      unpack: { type: "boolean", default: false },
      throughput: { type: "boolean", default: false },
      start: { type: "boolean", default: false },
      json: { type: "string" },
      write: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return void process.stdout.write(USAGE)
  const chosen = Object.entries(PARTS).flatMap(([name, measurePart]) => (values[name as keyof typeof PARTS] ? [measurePart] : []))
  if (chosen.length > 0) return measureParts(chosen, values)
  const peers = positionals.length > 0 ? positionals : PEERS
  const rows = measure(peers, values.n, values.rounds)
  const growth = values.growth ? measure(["stack", "floor-c"], "100,500,1000", values.rounds) : []
  const stages = values.stages ? await measureStages() : undefined
  console.log(`\n${rowTable([...rows, ...growth])}\n\n${targetTable(rows, growth, stages?.read)}`)
  if (stages !== undefined) console.log(`\n${stages.tables}`)
  if (values.write !== undefined) {
    const text = performanceDocument({ rows, growth, stages }, new Date())
    writeFileSync(values.write, withPartsOf(text, documentIn(values.write)))
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ rows, growth, stages }, null, 1)}\n`)
}

/** Each part is told, and written, as soon as it is measured. */
async function measureParts(chosen: readonly (() => Promise<Part>)[], to: { write?: string; json?: string }): Promise<void> {
  const parts: Part[] = []
  for (const measurePart of chosen) {
    const part = await measurePart()
    const section = sectionOf(part, machineLine(new Date()))
    console.log(`\n${section}`)
    if (to.write !== undefined) writeFileSync(to.write, withSection(documentIn(to.write), part.title, section))
    parts.push(part)
  }
  if (to.json !== undefined) writeFileSync(to.json, `${JSON.stringify({ parts }, null, 1)}\n`)
}

/** What was written before; nothing where there is no such file. */
function documentIn(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : ""
}

/** One interleaved run of the peers' bench. A peer that cannot run on this machine shows as failed. */
function measure(peers: readonly string[], sizes: string, rounds: string): Row[] {
  const folder = mkdtempSync(`${tmpdir()}/stack-bench.`)
  try {
    const { error } = spawnSync(BENCH, ["--n", sizes, "--rounds", rounds, "--limit", "600", "--json", `${folder}/out.json`, ...peers], {
      stdio: ["ignore", "inherit", "inherit"],
    })
    if (error !== undefined) throw error
    return (JSON.parse(readFileSync(`${folder}/out.json`, "utf8")) as { summary: Row[] }).summary
  } finally {
    rmSync(folder, { recursive: true })
  }
}

await main()
