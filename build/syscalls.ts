/**
 * Writes src/seccomp/calls from the headers of a kernel: `tsx build/syscalls.ts FOLDER VERSION`, where FOLDER/ARCH/asm/unistd_64.h
 * is what `make headers_install` gives for each architecture. Debian has them all in one package, linux-libc-dev from trixie on:
 *
 *     apt-get download linux-libc-dev && dpkg-deb -x linux-libc-dev_*.deb headers
 *     npx tsx build/syscalls.ts headers/usr/lib/linux/uapi 6.12
 *
 * Headers before 6.11 have no table for arm64. A call that is new in them is in no profile yet: a test names it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const [headers, version] = process.argv.slice(2)
if (headers === undefined || version === undefined) throw new Error("which headers, and of which kernel? FOLDER VERSION")
const target = fileURLToPath(new URL("../src/seccomp/calls/", import.meta.url))

/** What this program assembles filters for, and the header of each. */
const TABLES = { "x86-64": "x86/asm/unistd_64.h", i386: "x86/asm/unistd_32.h", arm64: "arm64/asm/unistd_64.h" }

/** `#define __NR_read 0` */
const CALL = /^#define __NR_([a-z_][a-z0-9_]*)\s+(\d+)$/gm
/** Names of any architecture, whatever their number is made of. */
const NAME = /^#define __(?:ARM_)?NR_([a-z_][a-z0-9_]*)\s+\S/gm

function numbersIn(path: string): Map<string, number> {
  const found = [...readFileSync(`${headers}/${path}`, "utf8").matchAll(CALL)].map(
    ([, name = "", number]) => [name, Number(number)] as const,
  )
  return new Map(found.filter(([name]) => name !== "syscalls").sort(([, a], [, b]) => a - b))
}

/** In the order of their numbers; a number stands before a name that does not follow the one before it. */
function spelt(numbers: ReadonlyMap<string, number>): string[] {
  let next = 0
  return [...numbers].map(([name, number]) => {
    const word = number === next ? name : `${number}:${name}`
    next = number + 1
    return word
  })
}

function write(file: string, what: string, name: string, words: readonly string[]): void {
  const lines: string[] = [""]
  for (const word of words) {
    const last = lines.at(-1) as string
    if (last.length + word.length > 130) lines.push(word)
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`
  }
  const head = `/** ${what} Written by build/syscalls.ts from the headers of Linux ${version}. */`
  writeFileSync(`${target}${file}.ts`, `${head}\nexport const ${name} = \`\n${lines.join("\n")}\n\`\n`)
}

const known = new Set<string>()
for (const [name, path] of Object.entries(TABLES)) {
  const numbers = numbersIn(path)
  for (const call of numbers.keys()) known.add(call)
  write(name, `System calls of ${name}, in the order of their numbers.`, name.replace("-", "_").toUpperCase(), spelt(numbers))
}

const others = new Set<string>()
for (const folder of readdirSync(headers)) {
  for (const file of readdirSync(`${headers}/${folder}/asm`).filter((one) => one.startsWith("unistd"))) {
    for (const [, name = ""] of readFileSync(`${headers}/${folder}/asm/${file}`, "utf8").matchAll(NAME))
      if (!known.has(name)) others.add(name)
  }
}
others.delete("syscalls")
write("elsewhere", "System calls that only other architectures have.", "ELSEWHERE", [...others].sort())
