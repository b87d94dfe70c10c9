import { readdirSync, readFileSync } from "node:fs"
import { dirname, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"

/** The rules of docs/architecture.md. A folder's file may import files of these folders (`~`: by type only) and these packages. */
const MAY: { readonly [room: string]: string } = {
  base: "",
  seccomp: "base",
  packets: "base",
  devices: "base",
  model: "base ~kernel ~pure ~devices",
  pure: "base model pure seccomp devices ~kernel",
  image: "base model pure kernel node:*",
  live: "base model pure live image kernel seccomp devices",
  catalog: "base model pure",
  drivers: "base model live",
  stackfile: "base model pure catalog yaml ajv node:fs node:path",
  plan: "base model pure catalog ~kernel",
  observe: "base model pure live catalog drivers kernel",
  apply: "base model pure live drivers plan observe kernel node:*",
  doctor: "base model pure observe kernel",
  kernel: "base ~model pure devices node:* fzstd xz-decompress",
  render: "base model ~plan ~pure ~doctor pure listr2 ora @dagrejs/dagre node:*",
}
process.chdir(fileURLToPath(new URL("../..", import.meta.url)))
const FFI = "src/kernel/ffi.ts"
const SOURCES = (readdirSync("src", { recursive: true }) as string[]).filter((path) => path.endsWith(".ts")).map((path) => `src/${path}`)

/** Which row of the table a file belongs to. */
function roomOf(file: string): string {
  const [, folder = "", ...rest] = file.split("/")
  if (folder !== "kinds") return folder
  if (rest.length === 1) return rest[0] === "catalog.ts" ? "catalog" : rest[0] === "drivers.ts" ? "drivers" : "live"
  return /^(schema|spec|expand|kind|limits|problems|relations|rounding|spell)(-[a-z-]+)?\.ts$/.test(rest.at(-1) ?? "") ? "pure" : "live"
}

interface Import {
  file: string
  target: string
  typeOnly: boolean
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8")
  const found = [...text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm)]
  return found.map(([, type, fixed, lazy]) => ({ file, target: targetOf(file, fixed ?? lazy ?? ""), typeOnly: type !== undefined }))
}

function targetOf(file: string, specifier: string): string {
  return specifier.startsWith(".") ? relative(".", resolve(dirname(file), specifier)) : specifier
}

function allowed({ file, target, typeOnly }: Import): boolean {
  const room = roomOf(file)
  if (target === "ffi-rs") return file === FFI
  if (room === "cli") return true
  const words = (MAY[room] ?? "").split(" ")
  if (!target.startsWith("src/")) return words.some((w) => w === target || (w.endsWith("*") && target.startsWith(w.slice(0, -1))))
  const to = roomOf(target)
  return to === room || words.includes(to) || (typeOnly && words.includes(`~${to}`))
}

test("every file is in a folder that the architecture knows", () => {
  assert.equal(
    SOURCES.filter((file) => MAY[roomOf(file)] === undefined && roomOf(file) !== "cli"),
    [],
  )
})

test("imports go with the flow", () => {
  const wrong = SOURCES.flatMap(importsOf).filter((entry) => !allowed(entry))
  assert.equal(
    wrong.map(({ file, target }) => `${file} -> ${target}`),
    [],
  )
})

test("only the command line speaks to the terminal and the environment, and ends the process", () => {
  const outside = SOURCES.filter((file) => roomOf(file) !== "cli" && file !== FFI)
  const words = /\bconsole\.|\bprocess\.(exit|exitCode|env|argv|stdout|stderr|stdin)\b/
  const code = (file: string) => readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
  assert.equal(
    outside.filter((file) => words.test(code(file))),
    [],
  )
})

test("planning has no clock and no chance", () => {
  const pure = SOURCES.filter((file) => ["base", "seccomp", "packets", "devices", "model", "pure", "plan"].includes(roomOf(file)))
  assert.equal(
    pure.filter((file) => /Date\.now|new Date\(|Math\.random|performance\.|hrtime/.test(readFileSync(file, "utf8"))),
    [],
  )
})

test("no file is longer than a person reads", () => {
  assert.equal(
    SOURCES.filter((file) => readFileSync(file, "utf8").split("\n").length > 301),
    [],
  )
})

test.run()
