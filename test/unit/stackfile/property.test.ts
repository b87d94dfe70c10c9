/** For any text at all, loading gives diagnostics with places in the text, or a wanted state that can be relied upon. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Range } from "../../../src/base/diagnostic.ts"
import type { LoadedStack } from "../../../src/stackfile/load.ts"
import { loadText, told } from "./load.ts"

const VALID = `name: lab
variables: { size: 64M, n: { default: 2, pattern: '^[0-9]+$' } }
bridges:
  lan: { address: [10.20.0.1/24, "fd20::1/64"], mtu: 1500, mac: 02:00:00:00:00:01, stp: false }
idmaps: { box: { uid: ["0 100000 65536"], gid: ["0 100000 65536"] }, auto: { size: 1000 } }
cgroups: { tier: { limits: { memory: 1G, cpus: 2, pids: 500 } } }
x-base: &base { image: host, command: [sleep, infinity] }
containers:
  web:
    <<: *base
    entrypoint: [sh, -c]
    command: "echo '\${index} a' \\"b\\""
    replicas: "\${n}"
    idmap: box
    cgroup: tier
    limits: { memory: "\${size}", memory_high: 48M, cpus: 0.5, cpuset: "0-1", io: [{ device: /dev/vda, rbps: 10M }], unified: { memory.oom.group: 1 } }
    interfaces:
      eth0: { bridge: lan, address: auto, gateway: 10.20.0.1 }
    routes: [{ to: 10.9.0.0/16, via: 10.20.0.254, dev: eth0, metric: 10 }]
    sysctls: { net.ipv4.ip_forward: 1 }
    depends_on: { db: { condition: service_started } }
    environment: { A: 1, B: "two" }
    labels: [tier=front]
  db: { <<: *base, namespaces: { ipc: container:cache }, user: "1000:1000", interfaces: { eth0: { bridge: lan, address: 10.20.0.9/24 } } }
  cache: { <<: *base, profiles: [debug], hostname: cache }
  shell: { <<: *base, idmap: auto }
veths: { core: { endpoints: ["db:p0", { container: host, interface: p1, address: 10.1.0.1/30 }] } }
`

const RUNS = 400

/** What holds of everything that loading returns. */
function checkLoaded(loaded: LoadedStack): void {
  for (const { range, summary, code } of loaded.diagnostics) {
    assert.ok(summary.length > 0 && !summary.includes("undefined"), summary)
    assert.match(code, /^[a-z0-9-]+$/)
    if (range !== undefined) checkRange(range, loaded.sources.get(range.file))
  }
  assert.is(
    loaded.desired === undefined,
    loaded.diagnostics.some((d) => d.severity === "error"),
  )
  told(loaded)
  const addresses = new Set(loaded.desired?.resources.map((r) => r.address))
  for (const resource of loaded.desired?.resources ?? []) {
    assert.equal(JSON.parse(JSON.stringify(resource.attributes)), resource.attributes)
    assert.ok(resource.references.every((r) => addresses.has(r.address)))
    assert.ok(resource.partOf === undefined || addresses.has(resource.partOf))
    for (const path of [undefined, "", "a.b", ...Object.keys(resource.attributes)])
      checkRange(resource.range(path) as Range, loaded.sources.get("<stdin>"))
  }
  assert.is(addresses.size, loaded.desired?.resources.length ?? 0)
}

function checkRange({ start, end }: Range, text: string | undefined): void {
  const lines = (text ?? "").split("\n")
  assert.ok(start.line >= 1 && start.line <= lines.length, `line ${start.line} of ${lines.length}`)
  assert.ok(start.column >= 1 && start.column <= (lines[start.line - 1] ?? "").length + 1)
  assert.ok(end.line > start.line || (end.line === start.line && end.column > start.column))
}

function holds(arbitrary: fc.Arbitrary<string>, runs = RUNS): void {
  fc.assert(
    fc.property(arbitrary, (text) => checkLoaded(loadText(text, { environment: { STACK_VAR_size: "1M" }, profiles: ["debug"] }))),
    { numRuns: runs },
  )
}

test("the document that the others are made of is valid", () => {
  const loaded = loadText(VALID, { profiles: ["debug"] })
  assert.is(told(loaded), "")
  checkLoaded(loaded)
})

test("any text", () => holds(fc.string({ unit: "binary", maxLength: 200 })))

const WORDS = [
  "containers",
  "web",
  ": ",
  "\n",
  "  ",
  "- ",
  "{",
  "}",
  "[",
  "]",
  ",",
  "&a ",
  "*a",
  "<<: ",
  "!!str ",
  '"',
  "'",
  "|\n",
  ">\n",
  "#",
  "---\n",
  "? ",
  "%YAML 1.2\n",
  "${",
  "}",
  "$$",
  "command: x",
  "\t",
  "é",
  "\u{1f600}",
  "\\x00",
  "null",
  "1e999",
  "0x1",
  ".inf",
  ".nan",
]

test("any text of YAML's own words", () => holds(fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }).map((words) => words.join(""))))

const cut = fc.tuple(
  fc.nat({ max: VALID.length }),
  fc.nat({ max: 30 }),
  fc.oneof(fc.string({ unit: "binary", maxLength: 8 }), fc.constantFrom(...WORDS)),
)

test("a valid document with something cut out and something put in", () => {
  const mutated = fc
    .array(cut, { minLength: 1, maxLength: 3 })
    .map((cuts) => cuts.reduce((text, [at, count, put]) => text.slice(0, at) + put + text.slice(at + count), VALID))
  holds(mutated)
})

test("a valid document with lines left out, doubled or in another order", () => {
  const rows = VALID.split("\n")
  holds(fc.array(fc.constantFrom(...rows), { maxLength: rows.length }).map((lines) => `containers:\n${lines.join("\n")}`))
  holds(
    fc.nat({ max: rows.length - 1 }).map((i) => rows.filter((_, at) => at !== i).join("\n")),
    60,
  )
})

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      1.5,
      1e300,
      "",
      "x",
      "auto",
      "host",
      "container:db",
      "10.20.0.5/24",
      "64M",
      "${index}",
      "${n}",
      "constructor",
      "__proto__",
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("address", "bridge", "command", "memory", "default", "__proto__", "x-y", "container", "condition"),
      tie("value"),
      { maxKeys: 3 },
    ),
  ),
})).value

const KEYS = [
  "image",
  "command",
  "entrypoint",
  "environment",
  "env_file",
  "working_dir",
  "user",
  "hostname",
  "idmap",
  "cgroup",
  "limits",
  "interfaces",
  "routes",
  "sysctls",
  "namespaces",
  "depends_on",
  "replicas",
  "labels",
  "profiles",
]

test("any value under any key of a container", () => {
  const containers = fc.dictionary(
    fc.constantFrom("web", "db", "cache", "x-y"),
    fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 6 }),
  )
  holds(containers.map((c) => JSON.stringify({ variables: { n: 2 }, bridges: { lan: { address: "10.20.0.1/24" } }, containers: c })))
})

test("any value under any key of a section", () => {
  const sections = fc.dictionary(
    fc.constantFrom("name", "variables", "bridges", "veths", "idmaps", "cgroups", "containers"),
    fc.dictionary(fc.constantFrom("lan", "box"), value, { maxKeys: 2 }),
  )
  holds(sections.map((s) => JSON.stringify(s)))
})

test("the same text gives the same", () => {
  const once = () => JSON.stringify(loadText(VALID, { profiles: ["debug"] }))
  assert.is(once(), once())
})

test.run()
