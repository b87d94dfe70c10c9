import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { publishedSchema } from "../src/stackfile/schema.ts"

const FILE = fileURLToPath(new URL("../schema/stack.schema.json", import.meta.url))

/** The text of schema/stack.schema.json. */
export function schemaText(): string {
  return `${JSON.stringify(publishedSchema(), null, 2)}\n`
}

/** Writes schema/stack.schema.json where it is not up to date. */
export function generateSchema(): void {
  mkdirSync(fileURLToPath(new URL("../schema", import.meta.url)), { recursive: true })
  writeIfNew(FILE, schemaText())
}

/** Leaves a file alone that already holds the text, so that nothing that watches it wakes. */
export function writeIfNew(file: string, text: string): void {
  let present: string | undefined
  try {
    present = readFileSync(file, "utf8")
  } catch {
    present = undefined
  }
  if (present !== text) writeFileSync(file, text)
}
