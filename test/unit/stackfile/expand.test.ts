import { test } from "uvu"
import * as assert from "uvu/assert"
import { deriveMac } from "../../../src/base/mac.ts"
import type { ContainerAttributes } from "../../../src/kinds/container/spec.ts"
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../../src/kinds/container/spec-capabilities.ts"
import type { InterfaceAttributes, PortAttributes } from "../../../src/kinds/interface/spec.ts"
import { loadText, resource, told } from "./load.ts"

const container = (lines: string, options = {}) =>
  resource(loadText(`containers:\n  web: {${lines}}\n`, options), "container.web").attributes as unknown as ContainerAttributes

test("a container with one key has every attribute", () => {
  assert.equal(container("command: [sleep, infinity]"), {
    image: "host",
    ephemeral: false,
    read_only: false,
    mounts: {},
    secrets: {},
    configs: {},
    argv: ["sleep", "infinity"],
    environment: {},
    working_dir: "/",
    user: "",
    group_add: [],
    hostname: "web",
    uid_map: { auto: 65536, orLess: true },
    gid_map: { auto: 65536, orLess: true },
    cgroup: "",
    limits: {},
    routes: [],
    sysctls: {},
    namespaces: { user: "new", mount: "new", pid: "new", net: "new", ipc: "new", uts: "new", cgroup: "new" },
    capabilities: [...DEFAULT_CAPABILITIES],
    no_new_privileges: true,
    seccomp: "default",
    unmask: [],
    all_devices: false,
    devices: [],
    ulimits: { core: { soft: 0, hard: 0 } },
    oom_score_adj: 0,
    init: "",
    stop_signal: "SIGTERM",
    stop_grace_period: 10_000,
    restart: "no",
    labels: {},
    depends_on: [],
    conditions: {},
    healthcheck: {},
    state: "running",
    hosts: "image",
    ...{ dns: [], dns_search: [], dns_opt: [] },
  })
})

test("every spelling of one wish gives the same attributes", () => {
  const long = container(`
    entrypoint: [sh, -c], command: ["echo a b; exit"], environment: { B: "2", A: "1" }, labels: { tier: front, "on": "true" }, user: "0:0",
    limits: { memory: 67108864, cpus: "0.50", cpuset: "3,0-1,1", io: [{ device: "8:0", rbps: 1048576 }] }, sysctls: { net/ipv4/ip_forward: 1 },
    namespaces: { ipc: new }, idmap: { uid: [{ containerID: 0, hostID: 100000, size: 65536 }] }`)
  const short = container(
    `
    entrypoint: sh -c, command: "'echo a b; exit'", environment: ["A=1", "B=2"], labels: [on=true, tier=front], user: 0,
    limits: { memory: 64MiB, cpus: .5, cpuset: 0-1,3, io: [{ device: "8:0", rbps: 1M }] }, sysctls: [net.ipv4.ip_forward=1],
    idmap: { uid: ["u 0 100000 65536"], gid: ["0 100000 65536"] }`.replace("cpuset: 0-1,3", 'cpuset: "0-1,3"'),
  )
  assert.equal(long, short)
  assert.equal(long.limits, { memory: 67108864, cpus: 0.5, cpuset: "0-1,3", io: { "8:0": { rbps: 1048576 } } })
})

test("profiles, and privileged, are where the other keys go on from", () => {
  const power = (rest: string) => container(`command: [x], ${rest}`)
  assert.equal(power("profile: default"), power(""))
  assert.equal(power("profile: strict, cap_add: [CHOWN]").capabilities, ["CHOWN"])
  assert.ok(power("profile: strict").no_new_privileges)
  const system = power("profile: system")
  assert.ok(system.capabilities.includes("SYS_ADMIN") && !system.capabilities.includes("SYS_MODULE"))
  assert.equal([system.seccomp, system.no_new_privileges, system.unmask, system.all_devices], ["default", false, [], false])
  const free = power("privileged: true")
  assert.equal(free, power("profile: unsafe"))
  assert.equal(free.capabilities, CAPABILITIES)
  assert.equal([free.seccomp, free.no_new_privileges, free.unmask, free.all_devices], ["unconfined", false, ["ALL"], true])
  const less = power("privileged: true, cap_drop: [SYS_TIME], security_opt: [no-new-privileges, seccomp=default, unmask=/proc/acpi]")
  assert.equal(
    less.capabilities,
    CAPABILITIES.filter((name) => name !== "SYS_TIME"),
  )
  assert.equal([less.seccomp, less.no_new_privileges, less.unmask], ["default", true, ["/proc/acpi"]])
  assert.equal(power("security_opt: [systempaths=unconfined]").unmask, ["ALL"])
  assert.equal(power('security_opt: ["unmask=/sys/firmware:/proc/acpi"]').unmask, ["/proc/acpi", "/sys/firmware"])
})

test("devices: in every form of compose's, in one order", () => {
  const of = (list: string) => container(`command: [x], devices: [${list}]`).devices
  assert.equal(of('/dev/net/tun, "/dev/fuse:/dev/x:wr", { source: /dev/kvm, permissions: r }'), [
    { source: "/dev/kvm", target: "/dev/kvm", access: "r" },
    { source: "/dev/net/tun", target: "/dev/net/tun", access: "rwm" },
    { source: "/dev/fuse", target: "/dev/x", access: "rw" },
  ])
  assert.equal(of('"/dev/fuse:/dev/fuse:rwm"'), of("/dev/fuse"))
})

test("capabilities: the usual ones less what is dropped and what is added, in any spelling", () => {
  const kept = (rest: string) => container(`command: [x], ${rest}`).capabilities
  assert.equal(kept("cap_add: [net_admin, CAP_NET_RAW]"), [
    ...DEFAULT_CAPABILITIES.slice(0, 9),
    "NET_ADMIN",
    "NET_RAW",
    "SYS_CHROOT",
    "SETFCAP",
  ])
  assert.equal(kept("cap_drop: [ALL]"), [])
  assert.equal(kept("cap_drop: [ALL], cap_add: [NET_ADMIN, CHOWN]"), ["CHOWN", "NET_ADMIN"])
  assert.equal(
    kept("cap_drop: [Chown, SYS_TIME]"),
    DEFAULT_CAPABILITIES.filter((name) => name !== "CHOWN"),
  )
  assert.equal(kept("cap_add: [all]"), CAPABILITIES)
  assert.equal(
    kept("cap_add: [ALL], cap_drop: [SYS_MODULE]"),
    CAPABILITIES.filter((name) => name !== "SYS_MODULE"),
  )
})

test("numbers in texts stand as they are written", () => {
  const { environment, argv, labels } = container(
    "command: [serve, 1.10, 0x1F, true], environment: { VERSION: 1.10, EMPTY: '' }, labels: { v: 010 }",
  )
  assert.equal(argv, ["serve", "1.10", "0x1F", "true"])
  assert.is(environment.VERSION, "1.10")
  assert.is(environment.EMPTY, "")
  assert.is(labels.v, "010")
})

test("a variable of the environment without a value is the caller's", () => {
  const { environment } = container("command: x, environment: [LANG, MISSING], user: app", { environment: { LANG: "C.UTF-8" } })
  assert.is(environment.LANG, "C.UTF-8")
  assert.not("MISSING" in environment)
  assert.not("HOME" in environment)
})

const LAN = `
bridges:
  lan: { address: [10.20.0.1/24, "fd20::1/64"], mtu: 9000 }
containers:
  web:
    command: [x]
    interfaces:
      eth0: { bridge: lan, address: [10.20.0.2, "FD20:0::2/64"], gateway: ["fd20::1", 10.20.0.1] }
      net.10: { bridge: lan, address: auto, mac: 02-00-00-00-00-0A, mtu: 1400, up: false }
    routes: [{ to: default, via: "fd20::9", metric: 7 }, { to: 10.9.0.7, via: 10.20.0.9 }]
`

test("an interface takes from its bridge what it does not say", () => {
  const loaded = loadText(LAN)
  const { attributes, references, partOf } = resource(loaded, "interface.web.eth0")
  const { mac, ...rest } = attributes as unknown as PortAttributes
  assert.match(mac, /^02(:[0-9a-f]{2}){5}$/)
  assert.equal(rest, {
    bridge: "bridge.lan",
    master: "lab-lan",
    container: "container.web",
    interface: "eth0",
    host_interface: "lab-web-eth0",
    alias: "stack:lab/interface.web.eth0",
    address: ["10.20.0.2/24", "fd20::2/64"],
    gateway: ["10.20.0.1", "fd20::1"],
    mtu: 9000,
    up: true,
    host_end: { mac: deriveMac("lab/interface.web.eth0/host"), address: [], up: true },
  })
  assert.equal(references, [
    { address: "bridge.lan", onReplace: { update: "master" } },
    { address: "container.web", onReplace: "replace", onKept: true },
  ])
  assert.is(partOf, "container.web")
  const dotted = resource(loaded, "interface.web.net.10").attributes as unknown as InterfaceAttributes
  assert.equal([dotted.address, dotted.mac, dotted.mtu, dotted.up], [["auto"], "02:00:00:00:00:0a", 1400, false])
  assert.equal(resource(loaded, "container.web").attributes.routes, [
    { to: "10.9.0.7/32", via: "10.20.0.9" },
    { to: "::/0", via: "fd20::9", metric: 7 },
  ])
})

test("names of links on the host are short, stable, and no two are the same", () => {
  const names = (stack: string) => {
    const text = `name: ${stack}\nbridges: { lan: }\ncontainers:\n${Array.from({ length: 1000 }, (_, i) => `  container-number-${i}: { command: x, interfaces: { eth0: { bridge: lan } } }\n`).join("")}`
    const { desired } = loadText(text)
    return desired?.resources.flatMap((r) => (r.kind === "interface" ? [r.attributes.host_interface as string] : [])) ?? []
  }
  const found = names("a-long-name-of-a-stack")
  assert.is(found.length, 1000)
  assert.is(new Set(found).size, 1000)
  assert.ok(found.every((name) => name.length <= 15))
  assert.equal(names("a-long-name-of-a-stack"), found)
})

test("a pair has its ends in the order of the file, and both containers hold it", () => {
  const { attributes, references } = resource(
    loadText(
      "containers: { r1: { command: x }, r2: { command: x } }\nveths: { core: { mtu: 9000, endpoints: ['r2:eth1', { container: r1, interface: eth1, address: 10.1.0.1/30, up: false }] } }",
    ),
    "veth.core",
  )
  const ends = (attributes.endpoints as { container: string; mac: string }[]).map(({ mac, ...end }) => [end, /^02:/.test(mac)])
  assert.equal(ends, [
    [{ container: "container.r2", interface: "eth1", address: [], up: true }, true],
    [{ container: "container.r1", interface: "eth1", address: ["10.1.0.1/30"], up: false }, true],
  ])
  assert.equal(references.map((r) => r.address).sort(), ["container.r1", "container.r2"])
})

test("replicas: a number in the name, in texts, in the host name; who depends on them depends on all", () => {
  const loaded = loadText(
    "bridges: { lan: { address: 10.0.0.1/24 } }\ncontainers:\n  web: { command: 'serve ${index}', replicas: 3, interfaces: { eth0: { bridge: lan, address: '10.0.0.1${index}/24' } } }\n  lb: { command: x, depends_on: [web] }\n",
  )
  assert.equal(
    [0, 1, 2].map((i) => resource(loaded, `container.web[${i}]`).attributes).map((a) => [a.argv, a.hostname]),
    [0, 1, 2].map((i) => [["serve", String(i)], `web-${i}`]),
  )
  assert.equal(resource(loaded, "interface.web[2].eth0").attributes.address, ["10.0.0.12/24"])
  assert.equal(resource(loaded, "interface.web[2].eth0").attributes.host_interface, "lab-web-2-eth0")
  assert.equal(resource(loaded, "container.lb").attributes.depends_on, ["container.web[0]", "container.web[1]", "container.web[2]"])
})

test("a mistake that only a later replica makes is told", () => {
  const text =
    "bridges: { lan: }\ncontainers: { web: { command: x, replicas: 11, interfaces: { eth0: { bridge: lan, address: '10.0.0.25${index}/24' } } } }"
  assert.match(told(loadText(text)), "10.0.0.256/24")
  const form = "containers: { web: { command: x, replicas: 3, working_dir: '${index}' } }"
  assert.is(loadText(form).diagnostics.length, 1)
})

test("a container is there when one of its profiles is active", () => {
  const text =
    "containers:\n  a: { command: x }\n  b: { command: x, profiles: [debug, night] }\nveths: { p: { endpoints: ['a:p0', 'b:p0'] } }\n"
  const addresses = (profiles: string[]) => loadText(text, { profiles }).desired?.resources.map((r) => r.address)
  assert.equal(addresses([]), ["container.a"])
  assert.equal(addresses(["night"]), ["container.a", "container.b", "veth.p"])
  assert.equal(addresses(["*"]), ["container.a", "container.b", "veth.p"])
})

test("shared namespaces lead to their owner", () => {
  const loaded = loadText(`
containers:
  a: { command: x, namespaces: { net: container:b, uts: container:c, user: container:b } }
  b: { command: x, namespaces: { net: container:c, uts: host } }
  c: { command: x, namespaces: { uts: container:b } }
`)
  const { attributes, references } = resource(loaded, "container.a")
  const namespaces = attributes.namespaces as { [kind: string]: string }
  assert.equal([namespaces.net, namespaces.uts, namespaces.user], ["container:c", "host", "container:b"])
  assert.equal([attributes.uid_map, attributes.gid_map, attributes.hostname], [[], [], ""])
  assert.equal(references, [
    { address: "container.b", onReplace: "replace", onKept: true },
    { address: "container.c", onReplace: "replace", onKept: true },
  ])
})

test("a field's range is where the file says it", () => {
  const loaded = loadText(`bridges:
  lan: { address: 10.0.0.1/24 }
containers:
  web:
    command: [x]
    limits:
      memory: 64M
    sysctls:
      net.ipv4.ip_forward: 1
    interfaces:
      eth0: { bridge: lan }
    environment: [A=1, AB=2]
  db: { command: [x], sysctls: [net.core.somaxconn=1, "net.ipv4.ip_forward=1"] }
  gw: { command: [x], sysctls: { net/ipv4/conf/eth0.10/forwarding: 1 } }
  fw: { command: [x], sysctls: [net/ipv4/conf/eth0.10/forwarding=1] }
`)
  const web = resource(loaded, "container.web")
  const at = (path?: string, r = web) => {
    const range = r.range(path)
    return `${range?.start.line}:${range?.start.column}-${range?.end.column}`
  }
  assert.equal(
    [at(), at("argv"), at("limits.memory"), at("limits"), at("sysctls.net.ipv4.ip_forward"), at("hostname"), at("limits.pids")],
    ["4:3-6", "5:14-17", "7:15-18", "6:5-11", "9:28-29", "4:3-6", "6:5-11"],
  )
  assert.is(at("master", resource(loaded, "interface.web.eth0")), "11:23-26")
  assert.is(at("environment.AB"), "12:24-28")
  assert.is(at("sysctls.net.ipv4.ip_forward", resource(loaded, "container.db")), "13:55-78")
  for (const [name, where] of [
    ["container.gw", "14:68-69"],
    ["container.fw", "15:33-67"],
  ] as const)
    assert.is(at("sysctls.net.ipv4.conf.eth0/10.forwarding", resource(loaded, name)), where)
})

test.run()
