import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Resource } from "../../../src/model/resource.ts"
import { renderDiagnostics } from "../../../src/render/diagnostic.ts"
import type { LoadedStack, LoadOptions } from "../../../src/stackfile/load.ts"
import { loadStack } from "../../../src/stackfile/load.ts"

const PLAIN: LoadOptions = { file: "-", cwd: "/srv/lab", vars: {}, varFiles: [], environment: {}, profiles: [] }

/** Loads a text as standard input of a folder that is called `lab`. */
export function loadText(text: string, options: Partial<LoadOptions> = {}): LoadedStack {
  return loadStack({ ...PLAIN, ...options, stdin: () => Buffer.from(text) })
}

/** Loads files out of a folder of their own; `stack.yaml` is the first. */
export function loadFiles(files: { [name: string]: string | Buffer }, options: Partial<LoadOptions> = {}): LoadedStack {
  const cwd = mkdtempSync(join(tmpdir(), "stackfile-"))
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(cwd, dirname(name)), { recursive: true })
      writeFileSync(join(cwd, name), content)
    }
    const { file: _, ...rest } = PLAIN
    return loadStack({ ...rest, cwd, name: "lab", ...options })
  } finally {
    rmSync(cwd, { recursive: true })
  }
}

/** What a user sees of the mistakes. */
export function told({ diagnostics, sources }: LoadedStack): string {
  return renderDiagnostics(diagnostics, sources, { color: false })
}

/** One resource of a stack without mistakes. */
export function resource(loaded: LoadedStack, address: string): Resource {
  const found = loaded.desired?.resources.find((r) => r.address === address)
  if (found === undefined) throw new Error(`no ${address}:\n${told(loaded)}`)
  return found
}
