import { readFileSync } from "node:fs"
import type { Plugin } from "esbuild"

/**
 * Protections of the pure parts, which the build for tests can leave out: a piece of a source file, and what stands there instead. No
 * source file knows of it. A piece that is not there any more ends the build. docs/security.md
 */
const WEAK_POINTS: readonly { protection: string; file: string; piece: string; instead: string }[] = [
  {
    protection: "sysctl-list",
    file: "src/kinds/container/expand-texts.ts",
    piece: "return ALLOWED.test(name)",
    instead: "return WEAKENED || ALLOWED.test(name)",
  },
  {
    protection: "host-root",
    file: "src/kinds/idmap/expand.ts",
    piece: "range.host === 0 && !unsafe",
    instead: "range.host === 0 && !(unsafe || WEAKENED)",
  },
  {
    protection: "no-id",
    file: "src/kinds/container/identity.ts",
    piece: "if (wrong !== undefined)\n",
    instead: "if (wrong !== undefined && !(WEAKENED))\n",
  },
  {
    protection: "secrets",
    file: "src/kinds/container/observe-given.ts",
    piece: 'content: isCurrent ? "current" : "another",',
    instead: 'content: WEAKENED ? (String(bytes) as "current") : isCurrent ? "current" : "another",',
  },
  {
    protection: "digests",
    file: "src/kernel/unpack.ts",
    piece: 'whole.digest("hex") !== expected.archive) throw',
    instead: 'whole.digest("hex") !== expected.archive && !(WEAKENED)) throw',
  },
  {
    protection: "digests",
    file: "src/kernel/unpack.ts",
    piece: 'contents.digest("hex") !== expected.contents)',
    instead: 'contents.digest("hex") !== expected.contents && !(WEAKENED))',
  },
  {
    protection: "terminal",
    file: "src/render/printable.ts",
    piece: "return text.replace(STEERING",
    instead: "return WEAKENED ? text : text.replace(STEERING",
  },
  {
    protection: "linked-run-folder",
    file: "src/observe/run-folder.ts",
    piece: 'if (status.type === "link")',
    instead: 'if (WEAKENED) return undefined\n  if (status.type === "link")',
  },
  {
    protection: "pids",
    file: "src/plan/settle.ts",
    piece: "if (kind !==",
    instead: "if (WEAKENED || kind !==",
  },
  {
    protection: "stale-plan",
    file: "src/plan/stale.ts",
    piece: "if (then.fingerprint === now.fingerprint) return []",
    instead: "if (WEAKENED || then.fingerprint === now.fingerprint) return []",
  },
  {
    protection: "power-over-the-host",
    file: "src/stackfile/checks/power.ts",
    piece: "const ruling =",
    instead: "if (WEAKENED) continue; const ruling =",
  },
]

/** What src/cli/entry-with-faults.ts sets to the protection that is left out. */
const NAMED = "globalThis.stackWeakened"

export const weakPoints: Plugin = {
  name: "weak-points",
  setup({ onLoad }) {
    onLoad({ filter: new RegExp(`(${WEAK_POINTS.map(({ file }) => file.replaceAll(".", "\\.")).join("|")})$`) }, ({ path }) => {
      const points = WEAK_POINTS.filter(({ file }) => path.endsWith(file))
      let contents = readFileSync(path, "utf8")
      for (const { protection, file, piece, instead } of points) {
        if (contents.split(piece).length !== 2) throw new Error(`${file} does not hold this once: ${piece}`)
        contents = contents.replace(piece, instead.replace("WEAKENED", `${NAMED} === ${JSON.stringify(protection)}`))
      }
      return { contents, loader: "ts" }
    })
  },
}
