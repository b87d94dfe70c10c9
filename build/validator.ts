import { mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Ajv } from "ajv"
import standaloneCode from "ajv/dist/standalone/index.js"
import { resolvedSchema } from "../src/stackfile/schema.ts"
import { writeIfNew } from "./schema.ts"

const FOLDER = fileURLToPath(new URL("../src/stackfile/generated", import.meta.url))

const TYPES = `import type { ErrorObject } from "ajv"

/** Checks a stack file's plain data. The mistakes of the last call are in \`errors\`. */
declare const validate: { (data: unknown): boolean; errors?: ErrorObject[] | null }
export default validate
`

/** The schema as plain JavaScript that imports nothing: ajv itself is not needed at run time. */
export function validatorText(): string {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, inlineRefs: false, code: { source: true, esm: true, optimize: 2 } })
  const code = standaloneCode.default(ajv, ajv.compile(inPieces(rulesOnly(resolvedSchema()) as Schema)))
  if (/\brequire\(|^import /m.test(code)) throw new Error("the validator would import from ajv: a keyword of the schema needs its run time")
  return code
}

type Schema = { [key: string]: unknown }

/** Each map of the file as a definition of its own: so it becomes a function of its own, and V8 compiles those alone that a file needs. What stands in several places is one. */
function inPieces(schema: Schema): Schema {
  const definitions = new Map<string, { name: string; whole: Schema }>()
  const piece = (part: unknown): unknown => {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part
    const whole = withParts(part as Schema, piece)
    if (!("properties" in whole) && !("patternProperties" in whole)) return whole
    const text = JSON.stringify(whole)
    const known = definitions.get(text) ?? { name: String(definitions.size), whole }
    definitions.set(text, known)
    return { $ref: `#/definitions/${known.name}` }
  }
  const whole = withParts(schema, piece)
  return { ...whole, definitions: Object.fromEntries([...definitions.values()].map(({ name, whole }) => [name, whole])) }
}

function withParts(schema: Schema, piece: (part: unknown) => unknown): Schema {
  const named = (parts: object) => Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, piece(part)]))
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === "properties" || key === "patternProperties") return [key, named(value as object)]
      return [key, key === "items" || key === "additionalProperties" ? piece(value) : value]
    }),
  )
}

/** Without what is for people: the generated code carries its schema with it. */
function rulesOnly(schema: unknown): unknown {
  if (schema === null || typeof schema !== "object") return schema
  if (Array.isArray(schema)) return schema.map(rulesOnly)
  const words = new Set(["description", "examples", "default", "title"])
  // A property may be called like one of them: then its value is a schema, not a text.
  const kept = Object.entries(schema).filter(([key, value]) => !words.has(key) || isSchema(value))
  return Object.fromEntries(kept.map(([key, value]) => [key, rulesOnly(value)]))
}

function isSchema(value: unknown): boolean {
  return value !== null && typeof value === "object" && !Array.isArray(value) && "description" in value
}

/** Writes src/stackfile/generated/validator.js and its types. */
export function generateValidator(): void {
  mkdirSync(FOLDER, { recursive: true })
  writeIfNew(`${FOLDER}/validator.js`, validatorText())
  writeIfNew(`${FOLDER}/validator.d.ts`, TYPES)
}
