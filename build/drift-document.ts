import { fileURLToPath } from "node:url"
import { driftDocument } from "../test/kernel/drift-matrix/document.ts"
import { writeIfNew } from "./schema.ts"

/** Writes docs/drift.md where it is not up to date. */
export function generateDriftDocument(): void {
  writeIfNew(fileURLToPath(new URL("../docs/drift.md", import.meta.url)), driftDocument())
}
