import { existsSync, readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { expectNoTrace, expectStatus, scenario, test } from "../../support/lab.ts"
import { ordinaryUser } from "../../support/ordinary.ts"
import type { Ran, Sandbox } from "../../support/sandbox.ts"
import { hasCapability } from "../../support/skip.ts"

interface Told {
  checks: { id: string; state: string; detail: string; fix: string; errno: string }[]
  unmet: { address: string; summary: string; hint: string; range: { start: { line: number } } }[]
}

const toldBy = (ran: Ran, status = 0): Told => JSON.parse(expectStatus(ran, status).stdout)
const stateOf = ({ checks }: Told, id: string) => checks.find((one) => one.id === id)?.state

/** Links that need something: the rest of their command line. */
const LINKS: { readonly [kind: string]: string } = {
  bridge: "",
  veth: "",
  macvlan: "link v0",
  ipvlan: "link v0",
  vlan: "link v0",
  vxlan: "id 10",
  dummy: "",
  wireguard: "",
  bond: "",
  vrf: "table 10",
  gre: "local 127.0.0.1 remote 127.0.0.2",
}

/** How iproute2 makes one, in a network namespace of its own: the exit status. */
function ipMakes(sandbox: Sandbox, how: readonly string[], kind: string): boolean {
  const [parent, rest] = LINKS[kind]?.startsWith("link") ? ["ip link add v0 type veth &&", LINKS[kind]] : ["", ""]
  const data = parent === "" ? LINKS[kind] : kind === "vlan" ? "id 10" : ""
  return sandbox.run([...how, "sh", "-c", `${parent} ip link add x0 ${rest} type ${kind} ${data}`]).status === 0
}

const UNSHARE: { readonly [id: string]: string } = {
  "namespace:user": "-U",
  "namespace:mount": "-m",
  "namespace:pid": "-pf",
  "namespace:net": "-n",
  "namespace:uts": "-u",
  "namespace:ipc": "-i",
  "namespace:cgroup": "-C",
  "namespace:time": "-T",
}

scenario(
  "what the doctor says of links, traffic and namespaces is what the machine's own tools find",
  (sandbox) => {
    const told = toldBy(sandbox.stack(["doctor", "--json"]))
    for (const kind of Object.keys(LINKS))
      assert.is(stateOf(told, `link:${kind}`) !== "no", ipMakes(sandbox, ["unshare", "-n"], kind), kind)
    for (const [id, flag] of Object.entries(UNSHARE))
      assert.is(stateOf(told, id) === "yes", sandbox.run(["unshare", flag, "true"]).status === 0, id)
    for (const [kind, data] of [
      ["netem", "delay 10ms"],
      ["tbf", "rate 10mbit burst 32k limit 100k"],
    ] as const) {
      const status = sandbox.run(["unshare", "-n", "tc", "qdisc", "add", "dev", "lo", "root", kind, ...data.split(" ")]).status
      assert.is(stateOf(told, `qdisc:${kind}`) !== "no", status === 0, kind)
    }
    assert.is(stateOf(told, "capabilities"), "yes")
    for (const one of told.checks) assert.is(one.fix !== "", one.state === "no", `${one.id}: a fix stands beside a no, and nowhere else`)
  },
  ["tc"],
)

scenario("controllers are found where a group can be limited by them", (sandbox) => {
  const told = toldBy(sandbox.stack(["doctor", "--json"]))
  const lines = sandbox.run(["cat", "/proc/self/mountinfo"]).stdout.split("\n")
  const v1 = lines.flatMap((line) => / - cgroup \S+ \S*?(memory|pids|cpuset)\b/.exec(line)?.[1] ?? [])
  for (const name of ["memory", "pids", "cpuset"]) {
    const [found] = told.checks.filter(({ id }) => id === `cgroup:${name}`)
    const wanted = v1.includes(name) ? "v1 at" : "v2 at"
    if (v1.includes(name) || found?.state === "yes") assert.ok(found?.detail.startsWith(wanted), `${name}: ${found?.detail}`)
  }
  const mode = lines.some((line) => line.includes(" - cgroup2 ")) ? (v1.length > 0 ? "hybrid: v1 and v2" : "v2") : "v1"
  assert.is(told.checks.find(({ id }) => id === "cgroups")?.detail, mode)
})

scenario("on a host with v1 alone controllers are found there, and on one with none that is said", (sandbox) => {
  const command = sandbox.command("doctor", "--json").join(" ")
  const without = (type: string) =>
    `awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ${type}) print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n1 umount -l; ${command}`
  const told = (type: string) => toldBy(sandbox.run(["unshare", "-m", "sh", "-c", without(type)])).checks
  const versions = sandbox.groups.map(({ version }) => version)
  if (versions.includes(1)) {
    const v1 = told('== "cgroup2"')
    assert.is(v1.find(({ id }) => id === "cgroups")?.detail, "v1")
    for (const name of ["cgroups:make", "cgroup:memory", "cgroup:pids"]) assert.is(v1.find(({ id }) => id === name)?.state, "yes", name)
  }
  const none = told("~ /^cgroup2?$/")
  assert.equal(
    none.filter(({ id }) => id.startsWith("cgroup")).map(({ id, state }) => [id, state]),
    [["cgroups", "no"]],
  )
})

const LAB = `name: lab
bridges: { lan: { address: 10.9.0.1/24 } }
containers:
  web:
    image: host
    command: [sleep, infinity]
    limits: { memory: 64M }
    interfaces: { eth0: { bridge: lan, address: auto } }
`

scenario(
  "an ordinary user is told what it may do, and what a stack needs beyond that",
  (sandbox) => {
    const user = ordinaryUser(sandbox, { ids: 0 })
    const told = toldBy(user.stack(["doctor", "--json"]))
    const unshares = user.run(["unshare", "-Ur", "true"]).status === 0
    assert.is(stateOf(told, "namespace:user") === "yes", unshares)
    for (const kind of ["bridge", "veth", "macvlan", "vxlan"]) {
      const makes = ipMakes(sandbox, user.command("unshare", "-Urn"), kind)
      assert.is(stateOf(told, `link:${kind}`), makes ? "user" : "no", kind)
    }
    for (const id of ["capabilities", "ids:uid", "ids:gid", "cgroups:make", "devices"]) assert.is(stateOf(told, id), "no", id)
    const file = sandbox.file("stack.yaml", LAB)
    const { unmet } = toldBy(user.stack(["doctor", "--json", "-f", file]), 1)
    assert.equal(
      unmet.filter(({ summary }) => summary.includes("memory")).map(({ address, range }) => [address, range.start.line]),
      [["container.web", 7]],
    )
    assert.ok(unmet.some(({ summary }) => summary === "bridge.lan needs capabilities that this process has not"))
  },
  ["setpriv"],
)

scenario(
  "an ordinary user with ids of its own needs root only for what it cannot have in namespaces of its own",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    const told = toldBy(user.stack(["doctor", "--json"]))
    for (const id of ["ids:uid", "ids:gid"]) assert.is(stateOf(told, id), "yes", id)
    assert.is(stateOf(told, "capabilities"), "user")
    const file = sandbox.file("stack.yaml", LAB)
    const { unmet } = toldBy(user.stack(["doctor", "--json", "-f", file]), 1)
    assert.equal(
      unmet.map(({ summary }) => summary),
      ["container.web needs the memory controller, which groups cannot be given here"],
    )
    sandbox.file("stack.yaml", LAB.replace(/^ *limits.*\n/m, ""))
    assert.equal(toldBy(user.stack(["doctor", "--json", "-f", file])).unmet, [])
    sandbox.file("stack.yaml", LAB.replace(/^ *limits.*\n/m, "").replace("image: host", `image: dir:${user.home}`))
    const mapped = toldBy(user.stack(["doctor", "--json", "-f", file]), 1).unmet
    assert.equal(
      mapped.map(({ summary }) => summary),
      [`container.web needs idmapped mounts of ${user.home}, which cannot be had here`],
    )
    expectStatus(sandbox.stack(["doctor", "-f", file]), 0)
  },
  ["setpriv", "newuidmap"],
)

scenario(
  "root without CAP_SETFCAP makes user namespaces, as apply does: it cannot map host id 0 alone",
  (sandbox) => {
    if (hasCapability(31) === false) return
    const without = ["setpriv", "--bounding-set", "-setfcap", "--inh-caps", "-setfcap"]
    const found = (ran: Ran) => Object.fromEntries(toldBy(ran).checks.map(({ id, state, errno }) => [id, `${state} ${errno}`]))
    const all = found(sandbox.stack(["doctor", "--json"]))
    const ran = sandbox.run([...without, ...sandbox.command("doctor", "--json")])
    assert.equal(found(ran), all)
    assert.is(toldBy(ran).checks[0]?.detail, "but for host id 0, which takes CAP_SETFCAP to map")
    const file = sandbox.file("stack.yaml", "name: few\ncontainers:\n  web: { image: host, command: [sleep, infinity] }\n")
    expectStatus(sandbox.run([...without, ...sandbox.command("apply", "-y", "-f", file)]), 0)
  },
  ["setpriv"],
)

scenario("without /proc nothing can be told of a machine, and that is said", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: blind\ncontainers:\n  web: { image: host, command: [sleep, infinity] }\n")
  const commands = [["doctor"], ["doctor", "--json"], ["plan", "-f", file], ["apply", "-y", "-f", file], ["show", "-f", file]]
  for (const command of commands) {
    const ran = expectStatus(
      sandbox.run(["unshare", "-m", "sh", "-c", `umount -l /proc && exec ${sandbox.command(...command).join(" ")}`]),
      1,
    )
    assert.is(ran.stdout, "", command.join(" "))
    assert.is(ran.stderr.split("\n")[0], "error: /proc is not mounted", command.join(" "))
    assert.match(ran.stderr, "hint: mount -t proc proc /proc")
    expectNoTrace(ran)
  }
})

scenario("root's stack needs nothing that is missing here; without a file none is asked for", (sandbox) => {
  const file = sandbox.file("lab.yaml", LAB)
  const ran = expectStatus(sandbox.stack(["doctor", "-f", file]), 0)
  assert.match(ran.stdout, /^links\n {2}bridge +yes/m)
  expectNoTrace(ran)
  expectStatus(sandbox.stack(["doctor"]), 0)
})

scenario("links of other kinds, impairments and NAT need what the doctor says of them, each where the file asks for it", (sandbox) => {
  const file = sandbox.file(
    "wide.yaml",
    `name: wide
bridges: { lan: { address: 10.9.0.1/24, nat: true } }
veths:
  core: { endpoints: [{ container: web, interface: eth1 }, { container: db, interface: eth1 }], impair: { delay: 10ms } }
containers:
  web:
    image: host
    command: [sleep, infinity]
    interfaces:
      one: { dummy: {}, address: 10.51.0.2/24 }
      two: { bridge: lan, address: auto, impair: { rate: 1mbit } }
  db: { image: host, command: [sleep, infinity] }
`,
  )
  const told = toldBy(sandbox.stack(["doctor", "--json"]))
  const lacks = (id: string) => stateOf(told, id) === "no"
  const wanted = [
    ...(lacks("nftables:masquerade") ? [["nat.lan", 2]] : []),
    ...(lacks("qdisc:netem")
      ? [
          ["veth.core", 4],
          ["veth.core", 4],
        ]
      : []),
    ...(lacks("link:dummy") ? [["interface.web.one", 10]] : []),
    ...(lacks("qdisc:netem") && lacks("qdisc:tbf") ? [["interface.web.two", 11]] : []),
  ]
  const { unmet } = toldBy(sandbox.stack(["doctor", "--json", "-f", file]), wanted.length === 0 ? 0 : 1)
  assert.equal(unmet.map(({ address, range }) => [address, range.start.line]).sort(), wanted.sort())
})

/** All that a throw-away namespace or group could have left behind. */
function traces(sandbox: Sandbox): string {
  const script =
    "ip -o link; cut -d' ' -f3- /proc/self/mountinfo | sort; nft list tables 2>&1; find /sys/fs/cgroup -name 'stack*'; ls -a /run /var/lib/stack; sysctl -a 2>/dev/null | grep -E '^(net.ipv4.ip_forward|user.max|vm.over)'; cut -d' ' -f1 /proc/modules"
  return sandbox.run(["bash", "-c", script]).stdout
}

scenario(
  "nothing on the host is different after it, nor when it is killed",
  async (sandbox) => {
    const before = traces(sandbox)
    expectStatus(sandbox.stack(["doctor"]), 0)
    assert.is(traces(sandbox), before)
    for (const wait of [50, 100, 120, 140, 160, 180, 200, 220, 250, 300]) {
      const child = sandbox.start(["setsid", "timeout", "-s", "KILL", String(wait / 1000), ...sandbox.command("doctor")])
      await new Promise((resolve) => child.once("close", resolve))
    }
    const processes = () =>
      sandbox.processes().filter((pid) => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "")
    for (let tries = 0; processes().length > 0 && tries < 50; tries++) await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(processes(), [])
    assert.is(traces(sandbox), before)
  },
  ["setsid", "timeout"],
)

test.run()
