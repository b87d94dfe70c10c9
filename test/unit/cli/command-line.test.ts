import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { run as runIn } from "./process.ts"

const test = suite("command line", { folder: "" })
test.before.each((at) => {
  at.folder = mkdtempSync(join(tmpdir(), "stack-cli-"))
})
test.after.each((at) => rmSync(at.folder, { recursive: true }))

const run = (folder: string, ...argv: string[]) => runIn({ folder, environment: {} }, ...argv)

test("without a command: the help, on standard output", async ({ folder }) => {
  const { code, out, err } = await run(folder)
  assert.equal([code, err], [0, ""])
  assert.match(out, "Usage: stack")
})

// Only what belongs to the first word is set up, if that is a command.
test("a command's own help is the one that `help` prints of it, behind whatever stands before it", async ({ folder }) => {
  const { out: whole } = await run(folder)
  const names = [...whole.matchAll(/^ {2}([a-z]+)(?= |\|)/gm)].map(([, name]) => name ?? "").filter((name) => name !== "help")
  assert.ok(names.length > 15 && names.includes("link") && names.includes("version"), names.join(" "))
  for (const name of names) {
    const own = await run(folder, name, "--help")
    assert.equal([own.code, own.err], [0, ""])
    assert.match(own.out, `Usage: stack ${name}`)
    assert.equal([await run(folder, "help", name), await run(folder, "-p", "lab", name, "--help")], [own, own], name)
  }
})

test("bad usage is 64 and names the nearest", async ({ folder }) => {
  for (const [argv, hint] of [
    [["plam"], /Did you mean plan/],
    [["frobnicate"], /unknown command 'frobnicate'\n {2}hint: `stack help` lists the commands/],
    [["help", "frobnicate"], /^error: unknown command 'frobnicate'\n {2}hint: `stack help` lists the commands\n$/],
    [["help", "image", "frob"], /unknown command 'frob'/],
    [["ps"], /hint: here that is `stack show`/],
    [["down"], /hint: here that is `stack destroy`/],
    [["exec", "web"], /missing required argument 'command'\n {2}hint: `stack help COMMAND` tells what a command takes/],
    [["plan", "--jsn"], /Did you mean --json/],
    [["plan", "--parallelism", "many"], /whole number/],
    [["apply", "--lock-timeout", "soon"], /500ms/],
    [["validate", "--var", "novalue"], /NAME=VALUE/],
    [["show", "-p", "../../etc"], /cannot be a stack's name/],
    [["exec", "web"], /missing required argument/],
    [["exec", "web", "--"], /missing required argument 'command'/],
    [["exec", "-w", "rel", "web", "ls"], /must be an absolute path/],
    [["logs", "--since", "10", "web"], /Write it as 10m, 2h, or 2030-01-31T12:00:00Z/],
    [["plan", "stack.yaml"], /too many arguments.*\n {2}hint: a stack file is given with -f FILE/],
    [["plan", "--out", "-"], /'-' is invalid.*kept in a file.*named `\.\/-`/],
    [["plan", "--out", ""], /Name a file/],
    [["import", "--live", "-o", ""], /Name a file/],
    [["capture", "-w", "", "web:eth0"], /Name a file/],
    [["logs", "web", "-f"], /argument missing\n {2}hint: -f is the stack file; a log is followed with --follow/],
    [["logs", "--since", "March 7", "web"], /Write it as 10m/],
    [["logs", "--since", "2030-13-01", "web"], /Write it as 10m/],
    [["apply", "--confirm", "0"], /'--confirm <duration>' argument '0' is invalid\. It must be longer than nothing, and at most 24d\./],
    [["apply", "--confirm", "0s"], /longer than nothing/],
    [["link", "down", "web:eth0", "--for", "0ms"], /longer than nothing/],
    [["link", "down", "web:eth0", "--for", "25d"], /at most 24d/],
    [["impair", "web:eth0", "--loss", "1%", "--for", "0"], /longer than nothing/],
    [["capture", "web:eth0", "--for", "0m"], /longer than nothing/],
    [["capture", "web:eth0", "--for", `${"9".repeat(400)}s`], /at most 24d/],
  ] as [string[], RegExp][]) {
    const { code, out, err } = await run(folder, ...argv)
    assert.equal([code, out], [64, ""], argv.join(" "))
    assert.match(err, hint)
  }
})

test("a missing file is one diagnostic and 1", async ({ folder }) => {
  for (const argv of [["validate"], ["validate", "-f", "nope.yaml"], ["apply", "nope.plan"], ["show"]]) {
    const { code, out, err } = await run(folder, ...argv)
    assert.equal([code, out], [1, ""], argv.join(" "))
    assert.not.match(err, /internal error|\n\s+at /)
  }
})

test("a stack file in the place of a plan is told how to be given", async ({ folder }) => {
  writeFileSync(join(folder, "stack.yaml"), "name: one\n")
  for (const argv of [
    ["apply", "stack.yaml"],
    ["show", "stack.yaml"],
    ["apply", "nope.yml"],
  ]) {
    const { code, err } = await run(folder, ...argv)
    assert.is(code, 1)
    assert.match(err, `hint: a stack file is given with -f: \`-f ${argv[1]}\``)
  }
})

test("one mistake is told once, and an empty name shows as one", async ({ folder }) => {
  const shown = await run(folder, "show")
  assert.is(shown.err.match(/error:/g)?.length, 1, shown.err)
  assert.match(shown.err, "there is no stack.yaml in this folder\n  hint: name the stack with -p NAME, or its file with -f FILE")
  assert.match((await run(folder, "validate", "-f", "")).err, 'error: "" is a folder')
})

test("options stand before or behind the command", async ({ folder }) => {
  mkdirSync(join(folder, "sub"))
  writeFileSync(join(folder, "sub/x.yaml"), "name: one\n")
  for (const argv of [
    ["-f", "sub/x.yaml", "validate"],
    ["validate", "-f", "sub/x.yaml"],
  ])
    assert.equal((await run(folder, ...argv)).out, "The stack one is valid: nothing in it.\n")
})

test("the resolved document as JSON and as YAML", async ({ folder }) => {
  writeFileSync(join(folder, "stack.yaml"), "name: one\nvariables: { m: 1400 }\nbridges:\n  lan:\n    mtu: $" + "{m}\n")
  const json = await run(folder, "config", "--format", "json")
  assert.is(JSON.parse(json.out).name, "one")
  assert.is(JSON.stringify(JSON.parse(json.out)).includes("1400"), true)
  assert.match((await run(folder, "config")).out, /^name: one$/m)
})

test("config writes numbers as they are written: in an environment they are texts, and of a mode the digits count", async ({ folder }) => {
  const environment = "{ A: 1.10, B: 12345678901234567890, C: 0x10, D: 1e3, E: 7 }"
  const mode = "secrets: [{ source: s, mode: 0o440 }]"
  const text = `name: one\nsecrets: { s: { file: s } }\ncontainers:\n  web: { command: [x, 2.50], environment: ${environment}, ${mode} }\n`
  writeFileSync(join(folder, "s"), "")
  writeFileSync(join(folder, "stack.yaml"), text)
  const { out } = await run(folder, "config")
  for (const words of ["A: 1.10", 'B: "12345678901234567890"', "C: 0x10", "D: 1e3", "E: 7", "- 2\\.50", "mode: 0o440"])
    assert.match(out, new RegExp(`${words}$`, "m"))
  writeFileSync(join(folder, "again.yaml"), out)
  assert.is((await run(folder, "config", "-f", "again.yaml")).out, out)
  const json = await run(folder, "config", "--format", "json")
  const { web } = JSON.parse(json.out).containers
  assert.equal(
    [web.environment.A, web.environment.B, web.command[1], web.secrets[0].mode],
    ["1.10", "12345678901234567890", "2.50", "0o440"],
  )
  writeFileSync(join(folder, "again.json"), json.out)
  assert.is((await run(folder, "validate", "-f", "again.json")).err, "")
})

test("config writes nothing that a terminal would obey, and the same again when it is read", async ({ folder }) => {
  const labels = { "\u001b[31mred\nline": "\u202ey\u009b31m", plain: "two\nlines" }
  writeFileSync(
    join(folder, "stack.yaml"),
    JSON.stringify({ name: "one", containers: { web: { command: "x", labels } } }).replace("\u009b", "\\u009b"),
  )
  const { out } = await run(folder, "config")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  assert.not.match(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  writeFileSync(join(folder, "again.yaml"), out)
  const { containers } = JSON.parse((await run(folder, "config", "-f", "again.yaml", "--format", "json")).out)
  assert.equal(containers.web.labels, labels)
})

test("what is no plan file is refused in one line", async ({ folder }) => {
  for (const text of ["", "{}", "[]", "null", "name: x"]) {
    writeFileSync(join(folder, "p"), text)
    const { code, err } = await run(folder, "apply", "p")
    assert.is(code, 1)
    assert.match(err, "plan file p is not a plan")
  }
  // It never ends.
  assert.match((await run(folder, "apply", "/dev/zero")).err, /plan file \/dev\/zero is not a plan .*\n.*more than 64 MiB/)
})

test.run()
