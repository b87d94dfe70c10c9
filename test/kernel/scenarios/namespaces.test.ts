import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, ipIn, live, namespaceOf, planOf, scenario, test } from "../../support/lab.ts"

/** Our word, and the file below /proc/PID/ns. namespaces(7) */
const KINDS: [kind: string, file: string][] = [
  ["user", "user"],
  ["mount", "mnt"],
  ["pid", "pid"],
  ["net", "net"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["cgroup", "cgroup"],
]
const box = (name: string, namespaces: string) => `  ${name}: { image: host, command: [sleep, infinity], namespaces: { ${namespaces} } }\n`

for (const [kind, file] of KINDS) {
  scenario(`the host's ${kind} namespace`, (sandbox) => {
    const path = sandbox.file("stack.yaml", `name: ns\ncontainers:\n${box("web", `${kind}: host`)}`)
    apply(sandbox, path)
    expectConverged(sandbox, path)
    const { web } = inits(sandbox, "ns")
    const host = expectStatus(sandbox.run(["readlink", `/proc/self/ns/${file}`]), 0).stdout.trim()
    assert.is(namespaceOf(Number(web), file), host)
    for (const [, other] of KINDS.filter(([k]) => k !== kind)) {
      assert.is.not(
        namespaceOf(Number(web), other),
        expectStatus(sandbox.run(["readlink", `/proc/self/ns/${other}`]), 0).stdout.trim(),
        other,
      )
    }
    expectStatus(sandbox.stack(["exec", "-f", path, "web", "--", "true"]), 0)
  })
}

for (const [kind, file] of KINDS.filter(([k]) => k !== "user")) {
  scenario(`another container's ${kind} namespace`, (sandbox) => {
    // Who joins a mount namespace, or mounts the /proc of a pid namespace, needs the capabilities of its owner.
    const users = kind === "mount" || kind === "pid" ? "user: container:one, " : ""
    const text = `name: ns\ncontainers:\n${box("two", `${users}${kind}: container:one`)}${box("one", "ipc: new")}`
    const path = sandbox.file("stack.yaml", text)
    apply(sandbox, path)
    expectConverged(sandbox, path)
    const { one, two } = inits(sandbox, "ns")
    assert.is(namespaceOf(Number(two), file), namespaceOf(Number(one), file))
    for (const [k, other] of KINDS.filter(([k]) => k !== kind && !(k === "user" && users !== ""))) {
      assert.is.not(namespaceOf(Number(two), other), namespaceOf(Number(one), other), k)
    }
  })
}

scenario("another container's user namespace: the same map, not an overlapping one", (sandbox) => {
  const path = sandbox.file("stack.yaml", `name: ns\ncontainers:\n${box("one", "ipc: new")}${box("two", "user: container:one")}`)
  apply(sandbox, path)
  expectConverged(sandbox, path)
  const { one, two } = inits(sandbox, "ns")
  assert.is(namespaceOf(Number(two), "user"), namespaceOf(Number(one), "user"))
  assert.is(readFileSync(`/proc/${two}/uid_map`, "utf8"), readFileSync(`/proc/${one}/uid_map`, "utf8"))
})

scenario("a container that has lost what it shares says by whose end, and is no drift of its own", (sandbox) => {
  const shared = "user: container:web, mount: container:web"
  const path = sandbox.file(
    "stack.yaml",
    `name: ns\ncontainers:\n${box("web", "")}${box("side", shared)}${box("net", "net: container:web")}`,
  )
  apply(sandbox, path)
  const { init, monitor } = live(sandbox, "ns", "web")
  const planned = () => expectStatus(sandbox.stack(["plan", "-f", path]), 0).stdout
  process.kill(init, "SIGKILL")
  assert.match(planned(), "-/+ container.side  # container.web has ended\n")
  assert.equal(
    planOf(sandbox, path).drift.map((one) => (one as { address: string }).address),
    ["container.web"],
  )
  process.kill(monitor, "SIGKILL")
  assert.match(planned(), "-/+ container.net  # container.web has ended\n")
  apply(sandbox, path)
  expectConverged(sandbox, path)
})

scenario("what is shared with a command that has come to a good end stays with those who have joined it", (sandbox) => {
  const shared = "user: container:job, mount: container:job, cgroup: container:job"
  const job = "  job: { image: host, command: [sh, -c, 'while ! test -e /home/end; do sleep 0.05; done'] }\n"
  const path = sandbox.file("stack.yaml", `name: ns\ncontainers:\n${job}${box("one", shared)}${box("two", shared)}`)
  apply(sandbox, path)
  const { one, two } = inits(sandbox, "ns")
  expectStatus(sandbox.stack(["exec", "-f", path, "one", "--", "touch", "/home/end"]), 0)
  while (inits(sandbox, "ns").job !== 0) sandbox.run(["sleep", "0.05"])
  assert.match(sandbox.stack(["show", "-f", path]).stdout, /container\.job +completed/)
  expectConverged(sandbox, path)
  const now = inits(sandbox, "ns")
  assert.equal([now.one, now.two], [one, two])
})

scenario("one of several replicas: its namespace is shared, a pair ends in it", (sandbox) => {
  const text = `name: lab
containers:
  web: { command: [sleep, infinity], replicas: 2 }
  each: { command: [sleep, infinity], replicas: 2, depends_on: ["web[0]"], namespaces: { net: "container:web[\${index}]" } }
veths: { v: { endpoints: ["web[0]:e1", "web[1]:e1"] } }
`
  const file = sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const net = (name: string) => namespaceOf(live(sandbox, "lab", name).init, "net")
  assert.equal([net("each[0]"), net("each[1]")], [net("web[0]"), net("web[1]")])
  assert.is.not(net("web[0]"), net("web[1]"))
  assert.is(ipIn(live(sandbox, "lab", "web[1]").init, "link", "show", "e1")[0].ifalias, "stack:lab/veth.v")
})

scenario(
  "a container that shares what lives with processes is replaced with the one it shares that with; what a monitor holds stays shared",
  (sandbox) => {
    const text = `name: ns\ncontainers:\n${box("one", "ipc: new")}${box("two", "net: container:one, pid: container:one, user: container:one")}${box("three", "net: container:one")}`
    const path = sandbox.file("stack.yaml", text)
    apply(sandbox, path)
    const before = inits(sandbox, "ns")
    sandbox.file("stack.yaml", text.replace("[sleep, infinity]", "[sleep, 1d]"))
    const replaced = planOf(sandbox, path).changes.filter((c) => c.actions.length === 2)
    assert.equal(replaced.map((c) => c.address).sort(), ["container.one", "container.two"])
    apply(sandbox, path)
    expectConverged(sandbox, path)
    const after = inits(sandbox, "ns")
    assert.is.not(after.two, before.two)
    assert.is(after.three, before.three)
    const networks = ["one", "two", "three"].map((name) => namespaceOf(Number(after[name]), "net"))
    assert.is(new Set(networks).size, 1)
  },
)

scenario("without a user namespace of its own, the files that steer the kernel are read-only", (sandbox) => {
  const path = sandbox.file("stack.yaml", `name: ns\ncontainers:\n${box("web", "user: host")}`)
  apply(sandbox, path)
  const write =
    "echo 1 > /proc/sys/kernel/sysrq || echo refused; cat /proc/kcore | head -c 1 | wc -c; test -w /proc/sysrq-trigger && echo writable"
  const ran = sandbox.stack(["exec", "-f", path, "web", "--", "sh", "-c", write])
  assert.match(ran.stdout, /^refused\n0\n$/)
  const { init } = live(sandbox, "ns", "web")
  assert.match(readFileSync(`/proc/${init}/status`, "utf8"), /^NoNewPrivs:\t1$/m)
})

test.run()
