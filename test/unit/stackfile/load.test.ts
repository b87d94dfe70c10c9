import { test } from "uvu"
import * as assert from "uvu/assert"
import { loadFiles, loadText, resource, told } from "./load.ts"

const argv = (loaded: ReturnType<typeof loadFiles>, address = "container.web") => resource(loaded, address).attributes.argv as string[]

test("the strongest value of a variable counts: --var, --var-file, STACK_VAR_, .env, default", () => {
  const files = {
    "stack.yaml": "variables: { a: d, b: d, c: d, d: d, e: d }\ncontainers: { web: { command: ['${a}', '${b}', '${c}', '${d}', '${e}'] } }",
    ".env": "d=env\nc=env\nb=env\na=env\n",
    "one.env": "b=file\na=file\n",
    "two.yaml": "b: later file\n",
  }
  const loaded = loadFiles(files, {
    vars: { a: "flag" },
    varFiles: ["one.env", "two.yaml"],
    environment: { STACK_VAR_c: "environment", STACK_VAR_a: "environment" },
  })
  assert.equal(argv(loaded), ["flag", "later file", "environment", "env", "d"])
})

test("dollar signs: escaped, alone, of a shell, with a fallback in a fallback", () => {
  const loaded = loadText("containers: { web: { command: ['$$', '$${x}', '$HOME $(id)', '${x:-a${y:-b}c}', '${x:-}|'] } }")
  assert.equal(argv(loaded), ["$", "${x}", "$HOME $(id)", "abc", "|"])
})

test("a variable's value has the type that its place wants", () => {
  const loaded = loadText(`
variables: { n: 3, flag: true, size: 64M, host: 12 }
bridges: { lan: { stp: "\${flag}" } }
containers:
  web: { command: x, replicas: "\${n}", hostname: "\${host}", limits: { pids: "\${n}", memory: "\${size}", cpus: "\${n}" } }
`)
  const { limits, hostname } = resource(loaded, "container.web[2]").attributes
  assert.equal([limits, hostname], [{ memory: 67108864, cpus: 3, pids: 3 }, "12"])
  assert.is(resource(loaded, "bridge.lan").attributes.stp, true)
})

test("an assignment to a variable that nobody knows is a mistake where someone wrote it, and none where it was around", () => {
  const text = "variables: { size: 1M }\ncontainers: { web: { command: x, limits: { memory: '${size}' } } }"
  assert.match(told(loadText(text, { vars: { sise: "2M" } })), "did you mean `size`?")
  assert.ok(loadText(text, { environment: { STACK_VAR_other: "1" } }).desired)
})

test("a value that does not match its variable's pattern is told at its source", () => {
  const files = {
    "stack.yaml": "variables: { size: { pattern: '^[0-9]+M$' } }\ncontainers: { web: { command: '${size}' } }",
    "vars.env": "# sizes\nsize=64K\n",
  }
  const text = told(loadFiles(files, { varFiles: ["vars.env"] }))
  assert.match(text, /^vars\.env:2:1: error: variable size \(vars\.env\): `64K` does not match/)
  assert.is(loadFiles(files, { vars: { size: "64M" } }).diagnostics.length, 0)
})

test("a pattern that soon sees whether a text matches is taken, whatever its question marks mean", () => {
  const patterns = ["^v?[0-9]+(\\.[0-9]+)?$", "^(?:1)+(?=\\.)(?<rest>.)2$", "^[?]*.+?$", "^(1.2)*?$", "^(\\?|\\d)?.*$"]
  for (const pattern of patterns) assert.is(told(loadText(`variables: { v: { default: '1.2', pattern: '${pattern}' } }`)), "", pattern)
})

test("includes are merged under the file, the override over it", () => {
  const loaded = loadFiles({
    "stack.yaml": "include: [a.yaml, b.yaml]\ncontainers: { web: { environment: { WHO: main } } }",
    "a.yaml": "containers: { web: { command: [a], environment: { WHO: a, A: a } } }\ninclude: c.yaml",
    "b.yaml": "containers: { web: { environment: { WHO: b, B: b, A: b } } }",
    "c.yaml": "containers: { web: { command: [c], environment: { C: c } }, db: { command: [c] } }",
    "stack.override.yaml": "containers: { db: { command: [over] } }",
  })
  assert.equal(argv(loaded), ["a"])
  const { WHO, A, B, C } = resource(loaded, "container.web").attributes.environment as { [name: string]: string }
  assert.equal([WHO, A, B, C], ["main", "b", "b", "c"])
  assert.equal(argv(loaded, "container.db"), ["over"])
  assert.is(resource(loaded, "container.db").range("argv")?.file, "stack.override.yaml")
})

test("an override belongs to stack.yaml, not to another file of the folder", () => {
  const files = {
    "other.yaml": "containers: { web: { command: [main] } }",
    "stack.override.yaml": "containers: { web: { command: [over] } }",
  }
  assert.equal(argv(loadFiles(files, { file: "other.yaml" })), ["main"])
})

test("paths start from the folder of the file they are written in", () => {
  const loaded = loadText("containers: { web: { command: x, image: 'dir:../roots/./a' }, db: { command: x, image: 'dir:/abs//b/' } }")
  assert.is(resource(loaded, "container.web").attributes.image, "dir:/srv/roots/a")
  assert.is(resource(loaded, "container.db").attributes.image, "dir:/abs/b")
})

test("env_file: later wins, environment wins over all", () => {
  const loaded = loadFiles({
    "stack.yaml": "containers: { web: { command: x, env_file: [a.env, b.env], environment: { C: yaml } } }",
    "a.env": "A=1\nB=1\nC=1\n# comment\nexport Q='a b' # why\n",
    "b.env": 'B="two\\nlines"\nC=2\n',
  })
  const { A, B, C, Q } = resource(loaded, "container.web").attributes.environment as { [name: string]: string }
  assert.equal([A, B, C, Q], ["1", "two\nlines", "yaml", "a b"])
})

test("the stack's name: -p, the file's, the folder's", () => {
  const text = "containers: { web: { command: x } }"
  assert.is(loadText(text).name, "lab")
  assert.is(loadText(`name: other\n${text}`).name, "other")
  assert.is(loadText(`name: other\n${text}`, { name: "mine" }).name, "mine")
  assert.is(loadText(text, { cwd: "/srv/My Lab (2)" }).name, "mylab2")
  assert.match(told(loadText(text, { cwd: "/srv/***" })), "write one at the top of the file")
  assert.is(loadText("name: other\nbridges: { lan: { mtu: 1 } }").name, "other")
})

test("merge keys and anchors", () => {
  const loaded = loadText(`
x-base: &base { command: [base], limits: { pids: 5 } }
x-more: &more { command: [more], user: "7" }
containers:
  web: { <<: [*base, *more], hostname: own }
  db: { <<: *base, command: [own] }
`)
  const { argv: words, user, hostname } = resource(loaded, "container.web").attributes
  assert.equal([words, user, hostname], [["base"], "7", "own"])
  assert.equal(resource(loaded, "container.db").attributes.argv, ["own"])
})

test("x- keys are everyone's own, but in maps of data they are data", () => {
  const loaded = loadText(
    "x-a: 1\nbridges: { x-b: 2, lan: { x-c: 3 } }\ncontainers: { x-d: {}, web: { command: x, x-e: 4, labels: { x-f: '5' }, limits: { x-g: 6 } } }",
  )
  assert.equal(
    loaded.desired?.resources.map((r) => r.address),
    ["bridge.lan", "container.web"],
  )
  assert.equal(resource(loaded, "container.web").attributes.labels, { "x-f": "5" })
})

test("the document is the stack file, resolved, and loads to the same again", () => {
  const text = `
variables: { size: 64M }
x-note: gone
containers:
  web: { command: ["$\${x}", "\${size}", "$HOME", "\${index}"], replicas: 2, image: "dir:./root", limits: { memory: "\${size}" } }
`
  const first = loadText(text)
  assert.equal(first.document(), {
    name: "lab",
    containers: {
      web: { command: ["$${x}", "64M", "$HOME", "${index}"], replicas: 2, image: "dir:/srv/lab/root", limits: { memory: "64M" } },
    },
  })
  const again = loadText(JSON.stringify(first.document()), { cwd: "/elsewhere" })
  assert.equal(JSON.stringify(again.desired?.resources), JSON.stringify(first.desired?.resources))
})

interface Shown {
  containers: Record<"web" | "db", { volumes: unknown; env_file: unknown }>
  secrets: unknown
  configs: unknown
}

/** Its document, with `/lab` in the place of the folder that its files were in. */
function documentIn(loaded: ReturnType<typeof loadFiles>): Shown {
  return JSON.parse(JSON.stringify(loaded.document()).replaceAll(/\/[^"]*\/stackfile-\w+/g, "/lab"))
}

test("the document's paths are absolute, each from the folder of the file that it stands in", () => {
  const files = {
    "stack.yaml": "name: lab\ninclude: part/app.yaml\ncontainers: { db: { command: x, volumes: [./db:/db] } }",
    "part/app.yaml": `
volumes: { data: {} }
secrets: { key: { file: key.txt }, token: { environment: TOKEN } }
configs: { motd: { file: ../motd }, text: { content: ./not-a-path } }
containers:
  web:
    command: x
    env_file: [a.env]
    volumes: [./conf:/etc/x:ro, ../up:/up, data:/var/lib/x, /abs:/abs, { type: bind, source: src, target: /src }, { type: tmpfs, target: /run }]
`,
    "part/a.env": "A=1",
  }
  const document = documentIn(loadFiles(files))
  assert.equal(document.containers.web.volumes, [
    "/lab/part/conf:/etc/x:ro",
    "/lab/up:/up",
    "data:/var/lib/x",
    "/abs:/abs",
    { type: "bind", source: "/lab/part/src", target: "/src" },
    { type: "tmpfs", target: "/run" },
  ])
  assert.equal(document.containers.web.env_file, ["/lab/part/a.env"])
  assert.equal(document.containers.db.volumes, ["/lab/db:/db"])
  assert.equal(document.secrets, { key: { file: "/lab/part/key.txt" }, token: { environment: "TOKEN" } })
  assert.equal(document.configs, { motd: { file: "/lab/motd" }, text: { content: "./not-a-path" } })
})

test("a path that a colon stands in keeps its mount when it becomes absolute", () => {
  const app = "containers: { web: { command: x, volumes: ['./c:/c:ro,idmap'] } }"
  const { containers } = documentIn(loadFiles({ "stack.yaml": "include: 'a:b/app.yaml'", "a:b/app.yaml": app }))
  assert.equal(containers.web.volumes, [{ type: "bind", source: "/lab/a:b/c", target: "/c", read_only: true, bind: { idmap: true } }])
})

test("the document of some profiles is what they leave of the stack file", () => {
  const text = `
containers:
  x-mine: { profiles: [a] }
  web: { command: x }
  tool: { command: x, profiles: [debug, more], depends_on: [web] }
  probe: { command: x, profiles: [probe], replicas: 2 }
veths:
  one: { endpoints: ["web:e1", "tool:e1"] }
  two: { endpoints: ["web:e2", "host:e2"] }
`
  for (const profiles of [[], ["debug"], ["probe", "more"], ["*"]]) {
    const first = loadText(text, { profiles })
    const again = loadText(JSON.stringify(first.document()))
    assert.ok(first.desired)
    assert.equal(JSON.stringify(again.desired), JSON.stringify(first.desired), told(again))
    assert.not.match(JSON.stringify(first.document()), /"(debug|more|probe)"\]/)
  }
  assert.equal(Object.keys((loadText(text).document() as { veths: object }).veths), ["two"])
})

test("a profile that no container has is a mistake", () => {
  const text = "containers: { web: { command: x, profiles: [debug, all] } }"
  const words = (wished: string, of = text) => told(loadText(of, { profiles: [wished] }))
  assert.match(words("debgu"), "error: --profile: no container has the profile `debgu`\n  hint: did you mean `debug`?")
  assert.match(words("nosuch"), "there is all, debug")
  assert.match(words("nosuch", "containers: { web: { command: x } }"), "no container has any")
  for (const fine of ["debug", "*"]) assert.is(words(fine), "")
  assert.not.match(words("nosuch", "containers: { web: { command: x, profiles: [*nope] } }"), "no container has")
  assert.not.match(words("nosuch", `include: nope.yaml\n${text}`), "no container has")
})

test("files that cannot be read are told, not thrown", () => {
  assert.match(told(loadFiles({})), "there is no stack.yaml in this folder")
  assert.match(told(loadFiles({}, { file: "nope.yaml" })), "nope.yaml is not there")
  assert.match(told(loadFiles({}, { file: "." })), "is a folder")
  assert.match(told(loadFiles({ "stack.yaml": "include: ." })), "is a folder")
  assert.match(told(loadFiles({ "stack.yaml": "include: /dev/zero" })), "is not a regular file")
  assert.match(told(loadFiles({}, { file: "/dev/zero" })), "larger than 1 MiB")
  assert.match(
    told(loadFiles({ "stack.yaml": Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]) })),
    "stack.yaml:1:4: error: not UTF-8: byte 0xe9\n   1 | a: \ufffd\n     |    ^",
  )
  const spoilt = loadFiles({ "stack.yaml": "include: part.yaml", "part.yaml": Buffer.from("a: b\n\xff", "latin1") })
  assert.match(told(spoilt), "part.yaml is not UTF-8: byte 0xff at 2:1")
  assert.match(told(loadText("a: 1\rb: 2")), "<stdin>:1:5: error: a carriage return without a line feed")
  assert.match(told(loadText("containers: { a: { command: x, volumes: [':/x'] } }")), "the name of the volume is empty")
  assert.match(told(loadText("a: x\u009b31m")), "<stdin>:1:5: error: control character U+009B in the text")
  assert.match(told(loadText("a: &a [*a]")), "`*a` stands within what `&a` names")
  assert.match(
    told(loadFiles({ "stack.yaml": "containers: {}", "bad.env": "no assignment\n" }, { varFiles: ["bad.env"] })),
    "bad.env:1:1: error",
  )
  assert.is(loadFiles({ "stack.yaml": "\ufeffcontainers: {}" }).diagnostics.length, 0)
})

test("what is missing of a stack hides no mistake of form in the rest, and makes up none", () => {
  const main = (rest: string) =>
    `${rest}\ncontainers: { web: { command: "\${x}", limits: { memroy: 1 }, interfaces: { e: { bridge: lan } } } }`
  const codes = (files: { [name: string]: string }) => loadFiles(files).diagnostics.map(({ code }) => code)
  assert.equal(codes({ "stack.yaml": main("include: nope.yaml") }), ["no-file", "unknown-key"])
  assert.equal(codes({ "stack.yaml": main("include: a.yaml"), "a.yaml": "bridges: { lan: { mtu: x }" }), ["unknown-key", "yaml-syntax"])
  assert.equal(codes({ "stack.yaml": main(""), "stack.override.yaml": "- a" }), ["unknown-key", "not-a-map"])
  assert.equal(codes({ "stack.yaml": "bridges: [", "stack.override.yaml": "a: 1" }), ["yaml-syntax", "unknown-key"])
  assert.equal(codes({ "stack.yaml": main("x-a: &a 1\nbridges: { lan: { <<: *a } }") }), ["bad-merge", "unknown-key"])
  assert.equal(codes({ "stack.yaml": main("? [a]\n: 1\nbridges: { lan: { mtu: *a } }") }), ["bad-key", "unknown-anchor", "unknown-key"])
  assert.equal(codes({ "stack.yaml": main("bridges: { lan: { <<: *nope } }") }), ["unknown-anchor", "unknown-key"])
  const unsaid = "variables: { v: { default: b, pattern: '^a$' } }\nveths: { one: { mtu: '${' } }"
  assert.equal(codes({ "stack.yaml": `include: nope.yaml\n${unsaid}` }), ["no-file", "bad-variable", "bad-variable"])
  assert.is(loadFiles({ "stack.yaml": main("include: nope.yaml") }).desired, undefined)
})

const MISTAKEN = `
  e: {}
  x: { command: x, cgroup: nosuch, sysctls: { kernel.panic: 1 }, limits: { memory: 1 } }`

test("a mistake of YAML hides no other mistake of the file", () => {
  const codes = (text: string) => loadText(text).diagnostics.map(({ code }) => code)
  const others = ["missing-key", "unknown-reference", "bad-sysctl", "bad-limit"]
  assert.equal(codes(`containers:${MISTAKEN}\n  f: { command: a, command: b }`), [...others, "duplicate-key"])
  assert.equal(codes(`containers:${MISTAKEN}\n  f: { command: "a\\0" }`), [...others, "control-character"])
  assert.equal(codes(`containers:${MISTAKEN}\n  f: { command: *nope }`), [...others, "unknown-anchor"])
  const certain = ["bad-sysctl", "bad-limit"]
  assert.equal(codes(`containers:${MISTAKEN}\n  f: { <<: 3 }`), [...certain, "bad-merge"])
  assert.equal(codes(`containers:${MISTAKEN}\n  f: { command: x, "": 1 }`), [...certain, "bad-key"])
})

test("what a mistake of YAML leaves open is not called a mistake", () => {
  const fine = `name: lab
variables: { v: 1, v: 2, w: { default: *nope } }
bridges: { lan: { address: 10.0.0.1/24, address: 10.1.0.1/24 }, wan: *nope }
idmaps: { i: *nope }
cgroups: { tier: {}, tier: {} }
containers:
  one:
    command: [x, "\${v}", "\${w}"]
    idmap: i
    user: "70000"
    cgroup: tier
    interfaces: { e0: { bridge: lan, address: auto, gateway: 10.9.0.1 }, e1: { bridge: wan, address: 10.7.0.2 }, e2: *nope }
    routes: [{ to: 10.8.0.0/16, via: 10.66.0.1 }, { to: 10.5.0.0/16, dev: e2 }]
  two: { command: x, command: y, depends_on: [three, four], idmap: *nope, user: "70000" }
  three: *nope
containers:
  four: { command: x, namespaces: { net: "container:three" } }
  one: {}
veths: { v: *nope, w: { endpoints: ["four:e1", "three:e1"] } }
`
  const codes = loadText(fine).diagnostics.map(({ code }) => code)
  assert.equal([...new Set(codes)].sort(), ["duplicate-key", "unknown-anchor"], told(loadText(fine)))
})

test("the name that a partial stack may have is not guessed", () => {
  assert.is(loadFiles({ "stack.yaml": "include: nope.yaml" }, { name: undefined }).name, undefined)
  assert.is(loadFiles({ "stack.yaml": "include: nope.yaml" }, { name: "mine" }).name, "mine")
  assert.is(loadText("name: mine\nname: other").name, undefined)
  assert.is(loadText("name: mine\ncontainers: { a: { command: x, command: y } }").name, "mine")
})

test("an include that cannot be read hides no mistake that it could not mend", () => {
  const text = `include: nope.yaml
name: lab
containers:
  a: { command: [], sysctls: { kernel.panic: 1 }, limits: { memory: 1 } }
  b: { depends_on: [c], cgroup: elsewhere, idmap: ids, user: "70000", interfaces: { e: { bridge: lan, address: auto } } }
  d: { command: x, interfaces: { e: { bridge: own, address: auto, gateway: 10.0.0.1 } }, namespaces: { pid: "container:a" } }
bridges: { own: }
idmaps: { mine: {} }
`
  const found = loadFiles({ "stack.yaml": text }).diagnostics.map(({ code }) => code)
  assert.equal(found, ["no-file", "no-command", "bad-sysctl", "bad-limit"])
})

test("of `replicas: 0` nothing is wanted, but all is looked at", () => {
  const none = `containers:
  web: { replicas: 0, command: x, depends_on: [bd], limits: { memory: 1, cpuset: 1-0 }, interfaces: { e: { bridge: lna } } }
  lone: { replicas: 0, command: [x, "\${index}"], hostname: h, namespaces: { uts: host }, routes: [{ to: default, via: 10.0.0.1 }] }
  db: { command: x, depends_on: [web], namespaces: { ipc: 'container:web' } }
bridges: { lan: }
veths: { v: { endpoints: ["web:e1", "db:e1"] } }`
  const text = told(loadText(none))
  for (const words of ["memory: 1 is less", "cpuset: `1-0`", "no bridge is called `lna`", "no container is called `bd`"])
    assert.match(text, words)
  for (const words of ["`hostname` of container.lone", "next hop 10.0.0.1 cannot be reached"]) assert.match(text, words)
  for (const words of ["which one's namespace is meant", "a pair has one end in one container"]) assert.match(text, words)
  const fine = loadText("containers: { web: { replicas: 0, command: x }, db: { command: x, depends_on: [web] } }")
  assert.equal(
    fine.desired?.resources.map((r) => [r.address, r.references]),
    [["container.db", []]],
    told(fine),
  )
})

test("one of several replicas is named by its number", () => {
  const loaded = loadText(`
containers:
  web: { command: x, replicas: 2 }
  each: { command: x, replicas: 2, depends_on: ["web[\${index}]"], namespaces: { net: "container:web[\${index}]" } }
  next: { command: x, depends_on: { "web[1]": } }
veths: { v: { endpoints: ["web[0]:e1", { container: "web[1]", interface: e1 }] } }
`)
  const references = (address: string) => resource(loaded, address).references.map((r) => r.address)
  assert.equal(references("container.each[1]"), ["container.web[1]"])
  assert.is((resource(loaded, "container.each[0]").attributes.namespaces as { net: string }).net, "container:web[0]")
  assert.equal(references("container.next"), ["container.web[1]"])
  assert.equal(references("veth.v"), ["container.web[0]", "container.web[1]"])
})

test("a .env with lines of another program's, or a folder called so, stops nothing", () => {
  const loaded = loadFiles({ "stack.yaml": "containers: { web: { command: '${a}' } }", ".env": "only words\na=1\n" })
  assert.equal(argv(loaded), ["1"])
  assert.match(told(loaded), ".env:1:1: warning: not a line of the form NAME=value")
})

test("an empty stack wants nothing", () => {
  assert.equal(loadText("name: none\ncontainers:\n").desired, { stack: "none", resources: [] })
})

test.run()
