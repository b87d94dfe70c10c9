import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Ajv } from "ajv"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"
import { schemaText } from "../../../build/schema.ts"
import { validatorText } from "../../../build/validator.ts"
import { publishedSchema, stackSchema } from "../../../src/stackfile/schema.ts"

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

test("the committed schema is what the fragments give: npm run generate", () => {
  assert.ok(read("schema/stack.schema.json") === schemaText(), "schema/stack.schema.json is stale")
})

test("the validator at hand is what the fragments give: npm run generate", () => {
  assert.ok(read("src/stackfile/generated/validator.js") === validatorText(), "src/stackfile/generated is stale")
})

/** Every fragment of the schema with its path. */
function* fragments(fragment: unknown, path: string): Generator<[string, { [key: string]: unknown }]> {
  if (fragment === null || typeof fragment !== "object") return
  const one = fragment as { [key: string]: unknown }
  yield [path, one]
  for (const key of ["properties", "patternProperties"]) {
    for (const [name, part] of Object.entries((one[key] ?? {}) as object)) yield* fragments(part, `${path}.${name}`)
  }
  for (const key of ["items", "additionalProperties"]) yield* fragments(one[key], `${path}.${key}`)
}

test("every key has a description, and says its form in words", () => {
  const mute = [...fragments(stackSchema(), "stack")].filter(
    ([, f]) => typeof f.description !== "string" || f.description === "" || typeof f.form !== "string",
  )
  assert.equal(
    mute.map(([path]) => path),
    [],
  )
})

test("what is published holds nothing of our own, and no alternatives", () => {
  const keys = new Set([...fragments(publishedSchema(), "stack")].flatMap(([, f]) => Object.keys(f)))
  for (const key of ["form", "names", "later", "instead", "meant", "anyOf", "oneOf"]) assert.not(keys.has(key), key)
})

test("what is published can be read by validators in any language: no pattern is JavaScript's alone", () => {
  const patterns = [...fragments(publishedSchema(), "stack")].flatMap(([path, f]) =>
    [f.pattern ?? [], Object.keys((f.patternProperties ?? {}) as object)].flat().map((pattern) => `${path}: ${pattern}`),
  )
  assert.ok(patterns.length > 100)
  // An empty class that is negated, properties of Unicode, names of groups, code points in braces: of ECMA-262, and elsewhere other things.
  assert.equal(
    patterns.filter((pattern) => /\[\^\]|\\p\{|\(\?<[A-Za-z]|\\u\{|\\c[A-Z]/i.test(pattern)),
    [],
  )
})

test("editors find nothing wrong in the examples, variables and all, and still find what is wrong", () => {
  const valid = new Ajv({ strict: true, allowUnionTypes: true }).compile(publishedSchema())
  const folder = fileURLToPath(new URL("../../../examples", import.meta.url))
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".yaml"))) {
    const text = readFileSync(`${folder}/${name}`, "utf8")
    assert.ok(valid(parse(text, { merge: true })), `${name}: ${JSON.stringify(valid.errors)}`)
  }
  const box = (rest: object) => ({ containers: { box: { command: "x", ...rest } } })
  for (const rest of [{ hostname: "box-${index}" }, { replicas: "${n}" }, { limits: { memory: "${size}", pids: "${n}" } }])
    assert.ok(valid(box(rest)), JSON.stringify(rest))
  for (const rest of [{ hostname: "a b" }, { replicas: "many" }, { limits: { memory: "lots" } }])
    assert.not.ok(valid(box(rest)), JSON.stringify(rest))
})

test("no key of a later version is in the schema", () => {
  const both = [...fragments(stackSchema(), "stack")].flatMap(([path, f]) =>
    ((f.later ?? []) as string[]).filter((key) => key in ((f.properties ?? {}) as object)).map((key) => `${path}.${key}`),
  )
  assert.equal(both, [])
})

test.run()
