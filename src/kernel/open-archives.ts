import type { BigIntStats } from "node:fs"
import { statSync } from "node:fs"
import type { Archives, Fingerprint } from "./archives.ts"
import { orNull } from "./files.ts"
import { readBytes } from "./read-bytes.ts"

/** What is seldom used is loaded at its first use. `folder`: of stack-unpack. */
export function openArchives(folder: () => string): Archives {
  return {
    fingerprint: (path) => orNull(`stat ${path}`, () => fingerprintOf(statSync(path, { bigint: true }))),
    readBytes: (path, offset, length) => orNull(`read ${path}`, () => readBytes(path, offset, length)),
    sha256: async (path, part) => (await import("./archive-stream.ts")).sha256(path, part),
    unpack: async (job) => (await import("./unpack.ts")).unpack(`${folder()}/stack-unpack`, job),
    runTool: async (argv, environment) => (await import("./run-tool.ts")).runTool(`${folder()}/stack-unpack`, argv, environment),
    append: async (path, chunks) => (await import("./archive-stream.ts")).append(path, chunks),
  }
}

function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Fingerprint {
  return { size: Number(size), text: [dev, ino, size, mtimeNs, ctimeNs].join(" ") }
}
