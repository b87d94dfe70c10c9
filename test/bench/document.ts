import { cpus, release, totalmem } from "node:os"
import type { Stages } from "./stages.ts"
import type { Row } from "./targets.ts"
import { rowTable, targetTable } from "./targets.ts"

/** All that one run of the bench has measured. */
export interface Measured {
  rows: readonly Row[]
  growth: readonly Row[]
  stages: Stages | undefined
}

const INTRODUCTION = `# Performance

Made by \`npm run bench -- --growth --stages --write docs/performance.md\`, and its parts by \`--links --unpack --throughput --start\` with the same
\`--write\`; not edited by hand. Every figure is a median of one run in
which all tools take turns on the same machine: trust the ratios, not the milliseconds. [test/bench/peers](../test/bench/peers/README.md)
tells what is measured, and how the labs are checked from outside.`

const TARGETS = `## What is to be reached

\`bare\` is \`node -e 0\` in the same run, \`floor-c\` one C program that makes the bare system calls. A third of crun's time is less than
what \`floor-c\` needs wherever crun takes less than three times as long as the kernel itself: there it cannot be reached by any tool.`

const STAGES = `## Where the time of an apply goes

Of each stage: what it adds to the whole command's time, the system calls of the command itself and of the monitors and containers it
starts, and how long the kernel worked on all of them (on all processors; waiting does not count; tracing adds to it).`

const KNOWN = "## What is known of it"

const NOTES = `${KNOWN}

- The kernel itself needs most of the time: a network namespace, a veth pair, a cgroup in each hierarchy and an overlay for each container.
- ext4 without a journal goes past every inode that was freed within the last minutes when it makes a new one beside them: an apply
  soon after a destroy pays for that, in every tool that makes folders for its containers. Writable layers are spread over the disk
  instead (\`chattr +T\`), which is a quarter of the time of such an apply.
- A command lives for a fraction of a second: V8 compiles its functions once, not for a second time (\`--no-opt --no-sparkplug\`),
  and the bundle comes with a code cache for each command that counts, made by running it (build/warm.ts).
- What a destroy takes away is taken away in three places at once: links by one netlink message, writable layers by a thread, groups
  by the main thread.
- The host's links are read by a thread, containers' network namespaces by another, their processes by a third, while the main one reads groups
  (native/lib/visits.c); all commands send those threads off as soon as the stack's name is known, an apply with the lock in its hand, and then look through the rest of the file.
- An apply reads everything twice, the second time to see that it is so. A namespace that says the same then, byte for byte, is not decoded again,
  the host's as little as a container's (what nobody looks at is taken out before, counters above all, and four fifths of what a link says: native/lib/trim.c).
- Monitors are started by a thread, too (native/lib/launches.c): until a new process has come to its exec the kernel holds whoever has made it, and meanwhile
  the main one prepares the next.
- What is missed is missed by what every command begins with (the second table of stages), and by JavaScript that runs once, in V8's interpreter. All of
  this was measured, with code caches made for it, and gains nothing: compiling that code (sparkplug, in a thread of its own or not, the optimizer), larger
  semi-spaces (each fresh page costs what a collection saves), one thread for collections, \`--jitless\`, a startup snapshot (slower already when empty), a second
  thread of JavaScript (its start costs what it saves), minified names.
- The caller's environment counts: with NODE_EXTRA_CA_CERTS set, node alone takes 40 ms longer.`

/** Sections that a run for one part alone writes; the others are made anew by each usual run. */
const OWN_SECTIONS = ["## What is to be reached", "## Beside other tools", "## Where the time of an apply goes", KNOWN]

/** The sections of a document, each from its heading to the next; what stands before the first is one, too. */
function sectionsOf(document: string): string[] {
  return document === "" ? [] : document.split(/\n+(?=## )/).map((section) => section.trimEnd())
}

/** The document with this section in the place of the one of its title, or before what is known of it all. */
export function withSection(document: string, title: string, section: string): string {
  const sections = sectionsOf(document)
  const isIt = (one: string) => one.startsWith(`## ${title}\n`)
  if (sections.some(isIt)) return `${sections.map((one) => (isIt(one) ? section : one)).join("\n\n")}\n`
  const at = sections.findIndex((one) => one.startsWith(KNOWN))
  const end = at < 0 ? sections.length : at
  return `${[...sections.slice(0, end), section, ...sections.slice(end)].join("\n\n")}\n`
}

/** A new document with the parts that an older one has. */
export function withPartsOf(document: string, older: string): string {
  const parts = sectionsOf(older).filter((section) => section.startsWith("## ") && !OWN_SECTIONS.some((own) => section.startsWith(own)))
  return parts.reduce((text, part) => withSection(text, part.slice(3, part.indexOf("\n")), part), document)
}

/** When and where it was measured. */
export function machineLine(date: Date): string {
  const [processor] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${date.toISOString().slice(0, 10)}, Linux ${release()}, Node ${process.versions.node}, ${cpus().length} × ${processor?.model ?? "?"}, ${memory} GiB.`
}

/** The document, as Markdown. */
export function performanceDocument({ rows, growth, stages }: Measured, date: Date): string {
  const parts = [
    INTRODUCTION,
    machineLine(date),
    TARGETS,
    targetTable(rows, growth, stages?.read),
    "## Beside other tools",
    rowTable([...rows, ...growth]),
  ]
  if (stages !== undefined) parts.push(STAGES, stages.tables)
  return `${[...parts, NOTES].join("\n\n")}\n`
}
