import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Context } from "../../../src/cli/context.ts"
import { readPlanFile } from "../../../src/cli/plan-file.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import { loadText } from "../stackfile/load.ts"
import type { Shell } from "./process.ts"
import { leave, run, writeStack } from "./process.ts"

const test = suite<{ shell: Shell }>("plan file")
const LAB = `
name: lab
bridges: { lan: { address: [10.0.0.1/24, "fd00::1/64"] } }
cgroups: { tier: { limits: { memory: 128M, unified: { memory.oom.group: 1 } } } }
containers:
  web:
    replicas: 2
    command: [sleep, infinity]
    cgroup: tier
    environment: { COLOUR: blue, "1": "", __proto__: x }
    working_dir: /tmp
    user: "1000:1000"
    limits: { memory: 64M, cpus: 0.5, cpuset: 0-1, pids: 20, io: [{ device: "8:0", rbps: 1M }] }
    interfaces: { eth0: { bridge: lan, address: auto, gateway: 10.0.0.1 } }
    routes: [{ to: 10.9.0.0/16, via: 10.0.0.9 }, { to: 10.8.0.0/16, dev: eth0, metric: 5 }]
    sysctls: { net.ipv4.ip_forward: 1 }
    labels: { a: b }
  db:
    command: [sleep, infinity]
    depends_on: [web]
    namespaces: { uts: host, net: "container:own" }
  own: { command: x, idmap: { uid: ["0 500000 65536"] } }
veths: { pair: { endpoints: ["own:e1", { container: host, interface: h1, address: 10.1.0.1/30 }] } }
`

test.before.each((bed) => {
  bed.shell = { folder: mkdtempSync(join(tmpdir(), "stack-plan-")), environment: {}, kernel: fakeKernel() }
  writeStack(bed.shell, "name: lab\nbridges: { lan: { address: 10.0.0.1/24 } }\n")
})
test.after.each(({ shell }) => leave(shell))

test("what is no plan is not written over, behind a link neither", async ({ shell }) => {
  const at = (name: string) => join(shell.folder, name)
  writeFileSync(at("passwd"), "root:x:0:0")
  symlinkSync("passwd", at("link"))
  for (const name of ["passwd", "link", "stack.yaml"]) {
    const before = readFileSync(at(name), "utf8")
    const { code, err } = await run(shell, "plan", "--out", name)
    assert.is(code, 1)
    assert.match(err, /is there and is no plan/)
    assert.is(readFileSync(at(name), "utf8"), before)
  }
})

test("a symbolic link is followed, to a file that is there and to one that is not", async ({ shell }) => {
  const at = (name: string) => join(shell.folder, name)
  mkdirSync(at("plans"))
  writeFileSync(at("plans/there"), '{"format":"stack-plan-1", "old":')
  symlinkSync("plans/there", at("to-there"))
  symlinkSync("to-new", at("chain"))
  symlinkSync("plans/new", at("to-new"))
  for (const [link, file] of [
    ["to-there", "plans/there"],
    ["chain", "plans/new"],
  ] as const) {
    assert.is((await run(shell, "plan", "--out", link)).code, 0)
    assert.ok(lstatSync(at(link)).isSymbolicLink(), link)
    assert.is(JSON.parse(readFileSync(at(file), "utf8")).stack, "lab")
  }
  assert.equal(readdirSync(at("plans")).sort(), ["new", "there"])
})

test("what is no regular file is written to as it is, behind a link too", async ({ shell }) => {
  symlinkSync("/dev/null", join(shell.folder, "nothing"))
  for (const out of ["/dev/null", "nothing"]) assert.equal([out, (await run(shell, "plan", "--out", out)).err], [out, ""])
  assert.ok(lstatSync("/dev/null").isCharacterDevice() && lstatSync(join(shell.folder, "nothing")).isSymbolicLink())
})

test("where it cannot be written, the hint says what to do about that", async ({ shell }) => {
  mkdirSync(join(shell.folder, "folder"))
  for (const [out, detail, hint] of [
    ["folder", "EISDIR", "name a file in it"],
    ["nope/plan", "ENOENT", "name a folder that exists"],
    ["stack.yaml/plan", "ENOTDIR", "name a folder that exists"],
  ] as const) {
    const { code, err } = await run(shell, "plan", "--out", out)
    assert.is(code, 1)
    assert.match(err, `the plan file ${out} cannot be written\n`)
    assert.match(err, detail)
    assert.match(err, hint)
    assert.not.match(err, /stack plan --out|\.new/)
  }
})

test("one that cannot be read: the path, or a new one", async ({ shell }) => {
  const { code, err } = await run(shell, "apply", "nope")
  assert.is(code, 1)
  assert.match(err, "check the path, or make one with `stack plan --out FILE`")
})

test("it is its owner's alone, and says all of what is wanted", async ({ shell }) => {
  writeStack(shell, LAB)
  const { resources } = loadText(LAB).desired ?? { resources: [] }
  assert.is((await run(shell, "plan", "--out", "p")).code, 0)
  assert.is(statSync(join(shell.folder, "p")).mode & 0o777, 0o600)
  const { desired, selection } = readPlanFile("p", { cwd: shell.folder } as Context)
  assert.is(JSON.stringify(desired), JSON.stringify({ stack: "lab", resources }))
  assert.equal(selection, { target: [], exclude: [], replace: [] })
  assert.is((await run(shell, "apply", "p")).code, 0)
})

// biome-ignore lint/suspicious/noExplicitAny: a file of which anything may have become anything
type Edit = (kept: any) => unknown

const of = (kept: Parameters<Edit>[0], address: string) => kept.resources.find((r: { address: string }) => r.address === address)
const attributes = (kept: Parameters<Edit>[0], address = "container.web[0]") => of(kept, address).attributes

const DAMAGE: { readonly [what: string]: readonly [Edit, RegExp] } = {
  "only its format": [({ format }) => ({ format }), /stack is missing/],
  "no list of resources": [(kept) => ({ ...kept, resources: {} }), /resources is no list/],
  "an unknown kind": [(kept) => Object.assign(kept.resources[0], { kind: "toString" }), /resources\[0\].kind is no word out of bridge/],
  "no selection": [(kept) => ({ ...kept, selection: null }), /selection is no map/],
  "no attributes": [(kept) => delete kept.resources[0].attributes, /resources\[0\].attributes is missing/],
  "nothing in place of a resource": [(kept) => kept.resources.unshift(null), /resources\[0\] is no map/],
  "a stack of another type": [(kept) => ({ ...kept, stack: 3 }), /stack is no name of a stack/],
  "a stack that is a path": [(kept) => ({ ...kept, stack: "../../x" }), /stack is no name of a stack/],
  "no fingerprint": [(kept) => delete (kept.basis as { fingerprint?: string }).fingerprint, /basis.fingerprint is missing/],
  "a name that is a path": [
    (kept) => Object.assign(of(kept, "container.own"), { name: "../x", address: "container.../x" }),
    /name is no name of a container/,
  ],
  "another address": [(kept) => Object.assign(of(kept, "container.own"), { address: "container.onw" }), /address is not container.own/],
  "an address twice": [(kept) => kept.resources.push(kept.resources[0]), /one address stands twice/],
  "a sysctl that is a path": [
    (kept) => Object.assign(attributes(kept).sysctls, { "net.x./../../kernel.panic": "1" }),
    /is no kernel parameter of a container/,
  ],
  "a file of a cgroup that is none": [
    (kept) => Object.assign(attributes(kept, "cgroup.tier").limits.unified, { "../../x.y": "1" }),
    /is no limit of a cgroup/,
  ],
  "an attribute that is missing": [(kept) => delete attributes(kept).argv, /container.web\[0\]: attributes.argv is missing/],
  "an attribute that is none": [(kept) => Object.assign(attributes(kept), { privileged: true }), /attributes.privileged is no known key/],
  "an attribute of another type": [
    (kept) => Object.assign(attributes(kept, "veth.pair"), { endpoints: [null, null] }),
    /attributes.endpoints\[0\] is no map/,
  ],
  "an image that is no folder": [(kept) => Object.assign(attributes(kept), { image: "dir:/srv/../etc" }), /attributes.image is no image/],
  "host ids that are none": [
    (kept) => Object.assign(attributes(kept, "container.own").uid_map[0], { host: -1 }),
    /attributes.uid_map\[0\].host is no whole number/,
  ],
  "a bridge that is not there": [
    (kept) => Object.assign(attributes(kept, "interface.web[0].eth0"), { bridge: "bridge.nal" }),
    /interface.web\[0\].eth0 names bridge.nal, which is not there/,
  ],
  "an interface in another container": [
    (kept) => Object.assign(attributes(kept, "interface.web[0].eth0"), { container: "container.own" }),
    /interface.web\[0\].eth0 is eth0 of container.own/,
  ],
  "an interface of nothing": [
    (kept) => delete of(kept, "interface.web[0].eth0").partOf,
    /interface.web\[0\].eth0 is not a part of container.web\[0\]/,
  ],
  "a container that waits for itself": [
    (kept) => Object.assign(attributes(kept, "container.own"), { depends_on: ["container.db"] }),
    /container.db waits for itself/,
  ],
  "other words": [(kept) => attributes(kept).argv.push("x"), /it is not as `stack plan --out` wrote it/],
}

test("one that was damaged or edited is refused in a few lines, nothing is done", async ({ shell }) => {
  writeStack(shell, LAB)
  assert.is((await run(shell, "plan", "--out", "p")).code, 0)
  const text = readFileSync(join(shell.folder, "p"), "utf8")
  for (const [what, [edit, words]] of Object.entries(DAMAGE)) {
    const kept = JSON.parse(text)
    const edited = edit(kept)
    const isWhole = edited !== null && typeof edited === "object" && Object.hasOwn(edited, "format")
    writeFileSync(join(shell.folder, "p"), JSON.stringify(isWhole ? edited : kept))
    const { code, out, err } = await run(shell, "apply", "p")
    assert.equal([code, out], [1, ""], what)
    assert.match(err, "error: the plan file p is damaged\n", what)
    assert.match(err, words, what)
    assert.match(err, "make one with `stack plan --out FILE`", what)
  }
})

test.run()
