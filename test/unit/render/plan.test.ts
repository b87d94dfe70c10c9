import { test } from "uvu"
import * as assert from "uvu/assert"
import { planText } from "../../../src/render/plan.ts"
import { planJson } from "../../../src/render/plan-json.ts"
import { change, planOf, step } from "./sample.ts"

const bridge = change("bridge.lan", { after: { interface: "lab-lan", address: ["10.0.0.1/24"], mtu: 1500, stp: false, mac: "" } })
const web = change("container.web", {
  action: "update",
  cause: "limits.memory: 64M -> 128M",
  drift: true,
  fields: [{ path: "limits.memory", before: 67108864, after: 134217728, forcesReplacement: false, drift: true }],
})
const db = change("container.db", {
  action: "replace",
  cause: "image: host -> dir:/x (forces replacement)",
  fields: [
    { path: "image", before: "host", after: "dir:/x", forcesReplacement: true },
    { path: "hostname", before: undefined, after: "two words", forcesReplacement: false },
  ],
})
const old = change("interface.old.eth0", { action: "delete", cause: "not in the stack file" })
const same = change("veth.core", { action: "no-op", cause: "" })

test("each action has its sign, each field its line, and the sum stands last", () => {
  assert.is(
    planText(planOf([bridge, web, db, old, same]), { color: false }),
    `  + bridge.lan
      interface: lab-lan
      address: [10.0.0.1/24]
      mtu: 1500
  ~ container.web  # changed outside the stack file
      limits.memory: 64M -> 128M
-/+ container.db
      image: host -> dir:/x  # forces replacement
      hostname: (not set) -> "two words"
  - interface.old.eth0  # not in the stack file

Plan: 2 to add, 1 to change, 2 to destroy.
`,
  )
})

test("an empty plan says so", () => {
  assert.is(planText(planOf([same]), { color: false }), "No changes. The kernel matches the stack.\n")
})

test("what was left out is not said to be as the stack has it", () => {
  const left = (...names: string[]) => planOf(names.map((name) => change(name, { action: "no-op", cause: "not selected" })))
  const text = (plan: ReturnType<typeof left>) => planText(plan, { color: false })
  assert.is(text(left("container.a")), "No changes. The kernel matches the stack but for container.a, which is left as it is.\n")
  assert.is(
    text(left("container.a", "bridge.b")),
    "No changes. The kernel matches the stack but for container.a and 1 more, which are left as they are.\n",
  )
})

test("a replacement that no field forces says why", () => {
  const text = planText(planOf([change("container.c", { action: "replace", cause: "bridge.lan is replaced" })]), { color: false })
  assert.match(text, "-/+ container.c  # bridge.lan is replaced\n")
})

test("a field that is set again to what it is says so, and why", () => {
  const routes = { path: "routes", before: ["10.9.0.0/16"], after: ["10.9.0.0/16"], forcesReplacement: false }
  const changed = change("container.c", { action: "update", cause: "veth.core is replaced", fields: [routes] })
  assert.match(
    planText(planOf([changed]), { color: false }),
    "  ~ container.c  # veth.core is replaced\n      routes: [10.9.0.0/16]  # set again\n",
  )
})

test("of what is new the usual is left out", () => {
  const usual = { working_dir: "/", up: true, stp: false, vlan_filtering: false, ageing_time: 300, namespaces: { net: "new" }, routes: [] }
  assert.match(planText(planOf([change("container.c", { after: usual })]), { color: false }), /^ {2}\+ container\.c\n\nPlan/)
  const unusual = { working_dir: "/srv", up: false, stp: true, vlan_filtering: true, ageing_time: 0, environment: { up: "true", A: "" } }
  const text = planText(planOf([change("container.c", { after: unusual })]), { color: false })
  for (const line of ["working_dir: /srv", "up: false", "stp: true", "vlan_filtering: true", "ageing_time: 0", "environment.up: true"])
    assert.match(text, `      ${line}\n`)
  assert.match(text, 'environment.A: ""\n')
})

test("a parent, a user and a host name that are not there are not set; a variable may well be empty", () => {
  const field = (path: string, before: string, after: string) => ({ path, before, after, forcesReplacement: false })
  const fields = [field("cgroup", "tier", ""), field("user", "", "1000"), field("environment.A", "b", "")]
  const text = planText(planOf([change("container.c", { action: "replace", fields })]), { color: false })
  assert.match(text, "cgroup: tier -> (not set)\n")
  assert.match(text, "user: (not set) -> 1000\n")
  assert.match(text, 'environment.A: b -> ""\n')
})

test("a route to everywhere is called default, where the next hop tells the family", () => {
  const after = [
    { to: "0.0.0.0/0", dev: "eth0" },
    { to: "10.0.0.0/8", dev: "eth0" },
    { to: "::/0", via: "fd20::1" },
    { to: "::/0", dev: "eth0" },
  ]
  const routes = { path: "routes", before: [{ to: "0.0.0.0/0", via: "10.0.0.1", metric: 5 }], after, forcesReplacement: false }
  assert.match(
    planText(planOf([change("container.c", { action: "update", fields: [routes] })]), { color: false }),
    [
      "      routes:",
      "        - { to: default, via: 10.0.0.1, metric: 5 }",
      "        + { to: default, dev: eth0 }",
      "        + { to: 10.0.0.0/8, dev: eth0 }",
      "        + { to: default, via: fd20::1 }",
      "        + { to: ::/0, dev: eth0 }\n",
    ].join("\n"),
  )
})

test("of a list that no line has room for, what comes and what goes has a line each", () => {
  const [a, b, c] = ["a", "b", "c"].map((letter) => letter.repeat(60)) as [string, string, string]
  const fieldsOf = (before: string[], after: string[]) => [{ path: "argv", before, after, forcesReplacement: true }]
  const text = (before: string[], after: string[]) =>
    planText(planOf([change("container.c", { action: "replace", fields: fieldsOf(before, after) })]), { color: false })
  assert.match(text([a, b], [a, c]), `      argv:  # forces replacement\n        - ${b}\n        + ${c}\n`)
  assert.match(text([a, b], [b, a]), "      argv:  # forces replacement\n        in another order\n")
  const again = [{ path: "routes", before: [a, b], after: [a, b], forcesReplacement: false }]
  const plan = planText(planOf([change("container.c", { action: "update", fields: again })]), { color: false })
  assert.match(plan, `      routes:  # set again\n        ${a}\n        ${b}\n`)
  assert.match(text(["a"], ["b"]), "      argv: [a] -> [b]  # forces replacement\n")
})

test("what a terminal would obey never reaches it", () => {
  const evil = change("container.c", { after: { environment: { A: "\u001b[2J\u009b1m\u202e" } } })
  const text = planText(planOf([evil]), { color: false })
  assert.match(text, 'environment.A: "\\u001b[2J\\u009b1m\\u202e"')
})

test("with colour the text is the same between the escapes", () => {
  const all = planOf([bridge, web, db, old])
  const colored = planText(all, { color: true })
  assert.is.not(colored, planText(all, { color: false }))
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9]+m`, "g")
  assert.is(colored.replaceAll(escapes, ""), planText(all, { color: false }))
})

test("as JSON: Terraform's action words, what forces, drift, the graph, the sum", () => {
  const steps = [step(bridge, "create"), step(web, "limits", ["bridge.lan:create"])]
  const json = JSON.parse(JSON.stringify(planJson(planOf([bridge, web, db, old, same], steps), "abc")))
  assert.equal(
    json.changes.map((c: { actions: string[] }) => c.actions.join()),
    ["create", "update", "delete,create", "delete", "no-op"],
  )
  assert.equal(json.changes[2].forces_replacement, ["image"])
  assert.equal(json.drift, [
    { address: "container.web", kind: "container", name: "web", fields: [{ path: "limits.memory", before: 67108864, after: 134217728 }] },
  ])
  assert.equal(json.steps[1], {
    id: "container.web:limits",
    op: "limits",
    address: "container.web",
    cause: "limits.memory: 64M -> 128M",
    after: ["bridge.lan:create"],
  })
  assert.equal([json.stack, json.summary, json.has_changes, json.fingerprint], ["lab", { add: 2, change: 1, destroy: 2 }, true, "abc"])
})

test("sizes have their units, also those of a device; counts have none", () => {
  const io = { "/dev/sda": { rbps: 10_485_760, riops: 1_048_576 } }
  const made = change("cgroup.tier", { action: "create", after: { limits: { memory: 67_108_864, io } } })
  const text = planText(planOf([made]), { color: false })
  assert.match(text, "limits.memory: 64M\n      limits.io./dev/sda.rbps: 10M\n      limits.io./dev/sda.riops: 1048576\n")
})

test("a key that a person has chosen steers no terminal and makes no lines", () => {
  const labels = { "\u001b[31mred\n  - container.web\u202e": "x" }
  const made = change("container.web", { action: "create", after: { labels } })
  const altered = change("container.db", {
    action: "update",
    fields: Object.keys(labels).map((key) => ({ path: `labels.${key}`, before: "x", after: "y", forcesReplacement: false })),
  })
  const text = planText(planOf([made, altered]), { color: false })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  assert.match(text, "      labels.\u241b[31mred\u240a  - container.web\ufffd: x\n")
  assert.match(text, "      labels.\u241b[31mred\u240a  - container.web\ufffd: x -> y\n")
})

test("what is adopted as it is says so once", () => {
  const adopted = change("cgroup.tier", { action: "update", adopts: "/my/group", cause: "adopts /my/group" })
  assert.match(planText(planOf([adopted]), { color: false }), "  ~ cgroup.tier  # adopts /my/group\n")
})

test.run()
