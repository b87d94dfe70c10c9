import { readdirSync, readFileSync } from "node:fs"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { inits, live } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** What the host can hold: the version of each controller's hierarchy, and its folder of the stack as the sandbox sees it. */
export interface Hierarchies {
  [controller: string]: { version: 1 | 2; mount: string; folder: string } | undefined
}

export function hierarchiesOf(sandbox: Sandbox): Hierarchies {
  const mounts = sandbox
    .run(["cat", "/proc/mounts"])
    .stdout.split("\n")
    .map((line) => line.split(" "))
  const found: Hierarchies = {}
  for (const [, mount = "", type, options = ""] of mounts) {
    const folder = `${mount}/stack/lab`
    if (type === "cgroup") for (const word of options.split(",")) found[word === "blkio" ? "io" : word] = { version: 1, mount, folder }
    if (type !== "cgroup2") continue
    found.cgroup2 = { version: 2, mount, folder }
    const names = sandbox
      .run(["cat", `${mount}/cgroup.controllers`])
      .stdout.trim()
      .split(" ")
      .filter(Boolean)
    for (const name of names) found[name] = { version: 2, mount, folder }
  }
  return found
}

/** `MAJOR:MINOR` of some disk. */
export function someDevice(): string | undefined {
  const names = readdirSync("/sys/block").filter((name) => !/^(zram|loop|ram)/.test(name))
  return names[0] === undefined ? undefined : readFileSync(`/sys/block/${names[0]}/dev`, "utf8").trim()
}

/** Why something of a stack cannot be had on this host: a limit, `v1 CONTROLLER`, or `vlan_filtering`; undefined where it can. */
export function lacking(need: string, hierarchies: Hierarchies, sandbox: Sandbox): string | undefined {
  if (need === "vlan_filtering")
    return works(sandbox, "ip link add name probe type bridge vlan_filtering 1 && ip link del dev probe") ? undefined : NO_VLANS
  if (need === "nft") return works(sandbox, "nft list ruleset") ? undefined : "nft is missing"
  if (need === "macvlan")
    return works(
      sandbox,
      "ip link add low type bridge && { ip link add probe link low type macvlan; status=$?; ip link del dev low; exit $status; }",
    )
      ? undefined
      : "this kernel has no macvlan"
  if (need === "vlan")
    return works(
      sandbox,
      "ip link add low type veth && { ip link add probe link low type vlan id 5; status=$?; ip link del dev low; exit $status; }",
    )
      ? undefined
      : "this kernel has no vlan"
  if (need === "tap")
    return works(sandbox, "ip tuntap add probe mode tap && ip tuntap del probe mode tap") ? undefined : "this kernel has no tap devices"
  if (need === "wireguard" || need === "bond")
    return works(sandbox, `ip link add probe type ${need} && ip link del dev probe${need === "bond" ? "" : " && wg --version"}`)
      ? undefined
      : `this kernel has no ${need}, or wg is missing`
  if (need === "vrf")
    return works(sandbox, "ip link add probe type vrf table 10 && ip link del dev probe") ? undefined : "this kernel has no vrf"
  if (need === "unified") return hierarchies.cgroup2 === undefined ? "cgroup2 is not mounted" : undefined
  const [controller, v1Only] = need.startsWith("v1 ") ? [need.slice("v1 ".length), true] : [controllerOf(need), false]
  const hierarchy = hierarchies[controller]
  if (hierarchy === undefined) return `this host has no ${controller} controller`
  if (v1Only) return hierarchy.version === 1 ? undefined : `the ${controller} controller is not on cgroup v1`
  return hierarchy.version === 1 ? lackingOnV1(need, hierarchy.mount, sandbox) : lackingAnywhere(need)
}

const NO_VLANS = "this kernel's bridges filter no VLANs"

function lackingOnV1(limit: string, mount: string, sandbox: Sandbox): string | undefined {
  if (limit === "memory_high" || limit === "memory_low") return `cgroup v1 knows no ${limit}`
  if (limit === "memory_swap" && !works(sandbox, `ls ${mount}/memory.memsw.limit_in_bytes`))
    return "this kernel does not count swap for groups"
  return lackingAnywhere(limit)
}

function lackingAnywhere(limit: string): string | undefined {
  if (limit === "cpuset" && cpus().length < 2) return "this host has one processor"
  return limit === "io" && someDevice() === undefined ? "this host has no disk" : undefined
}

function works(sandbox: Sandbox, words: string): boolean {
  return sandbox.run(["sh", "-c", words]).status === 0
}

/** The controller that holds a limit. */
export function controllerOf(limit: string): string {
  if (limit.startsWith("memory")) return "memory"
  return limit === "cpus" || limit === "cpu_weight" ? "cpu" : limit
}

/** Every limit, of the parent and of the container in it. */
const LIMITS: { readonly [limit: string]: readonly [parent: string, container: string] } = {
  memory: ["256M", "64M"],
  memory_high: ["200M", "48M"],
  memory_low: ["32M", "16M"],
  memory_swap: ["0", "0"],
  cpus: ["1", "0.5"],
  cpu_weight: ["200", "50"],
  cpuset: ['"0-1"', '"0"'],
  pids: ["500", "64"],
  io: ["[{ device: $device, rbps: 1000000, riops: 100 }]", "[{ device: $device, rbps: 1000000, riops: 100 }]"],
  unified: ["{ cgroup.max.depth: 5 }", "{ cgroup.max.depth: 5 }"],
}

function limitsText(which: 0 | 1, absent: readonly string[]): string {
  const kept = Object.entries(LIMITS).filter(([limit]) => !absent.includes(limit))
  return kept.map(([limit, values]) => `${limit}: ${values[which].replace("$device", `"${someDevice()}"`)}`).join(", ")
}

/** A link of the host that the stack has a link on. */
export const PARENT = "parent0"

/** A key of one byte again and again. */
export function wireGuardKey(fill: number): string {
  return Buffer.alloc(32, fill).toString("base64")
}

const WIREGUARD_KEYS = [
  ["wg.key", 64],
  ["wg.psk", 9],
] as const
const WIREGUARD = `{ private_key: wgk, listen_port: 51820, peers: [{ public_key: "${wireGuardKey(1)}", endpoint: "10.20.0.3:51820", allowed_ips: 10.80.0.0/16, keepalive: 25, preshared_key: wgp }] }`

const VXLAN =
  ', vx0: { vxlan: { id: 7, remote: 10.20.0.3, fdb: [{ mac: "02:00:00:00:00:51", to: 10.20.0.3 }, { to: 10.20.0.4, port: 4790 }] } }'

/** The stack of the matrix: every attribute of every kind, less the limits that this host cannot hold. */
export function matrixStack(sandbox: Sandbox, hierarchies: Hierarchies): string {
  const absent = Object.keys(LIMITS).filter((limit) => lacking(limit, hierarchies, sandbox) !== undefined)
  const macvlans = lacking("macvlan", hierarchies, sandbox) === undefined
  const macvlan = macvlans ? `, mv0: { macvlan: ${PARENT}, address: 10.40.0.2/24 }` : ""
  const vlan = lacking("vlan", hierarchies, sandbox) === undefined ? ", tag0: { vlan: { link: low1, id: 7 } }" : ""
  const inside = `${macvlans ? ", on0: { macvlan: { link: low0 } }" : ""}${vlan}`
  const tap = lacking("tap", hierarchies, sandbox) === undefined ? ", tp0: { tap: { owner: 7, group: 8 } }" : ""
  const vlans = lacking("vlan_filtering", hierarchies, sandbox) === undefined
  const tagged = vlans ? ", tr0: { bridge: spare, vlan: 10, trunk: [20, 30-40] }" : ""
  const vrf =
    lacking("vrf", hierarchies, sandbox) === undefined ? ", blue: { vrf: { table: 10 } }, eth2: { bridge: spare, master: blue }" : ""
  const bond =
    lacking("bond", hierarchies, sandbox) === undefined
      ? ", eth3: { bridge: spare }, eth4: { bridge: spare }, bond0: { bond: { mode: active-backup, members: [eth3, eth4] } }"
      : ""
  const wireGuard = lacking("wireguard", hierarchies, sandbox) === undefined
  for (const [name, fill] of WIREGUARD_KEYS) sandbox.file(name, `${wireGuardKey(fill)}\n`)
  const wg = wireGuard ? `, wg0: { wireguard: ${WIREGUARD} }` : ""
  return `name: lab
bridges:
  lan: { address: [10.20.0.1/24, "fd20::1/64"], mac: "02:00:00:00:00:01", nat: true }
  dmz: { address: 10.21.0.1/24 }
  spare: { vlan_filtering: ${vlans} }
cgroups:
  tier: { limits: { ${limitsText(0, absent)} } }
  bare: {}
volumes: { data: {}, spare: {} }
secrets: { token: { file: /etc/hostname }${wireGuard ? ", wgk: { file: ./wg.key }, wgp: { file: ./wg.psk }" : ""} }
configs: { conf: { content: port 80 } }
containers:
  web:
    command: [sleep, infinity]
    cgroup: tier
    hostname: web
    environment: { A: "1" }
    labels: { role: front }
    depends_on: [db]
    limits: { ${limitsText(1, absent)} }
    ulimits: { nofile: { soft: 1024, hard: 2048 } }
    oom_score_adj: 100
    sysctls: { net.ipv4.ip_forward: 1, kernel.msgmax: 9000 }
    routes: [{ to: 10.9.0.0/16, via: 10.20.0.254 }]
    rules: [{ priority: 1000, from: 10.20.0.0/24, table: 100 }]
    neighbours: [{ to: 10.50.0.77, lladdr: "02:00:00:00:00:77", dev: up0 }]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24, gateway: 10.20.0.1 }${VXLAN}${tap}${macvlan}${vrf}${bond}${wg} }
  db:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.3/24 }${tagged}${inside} }
  front:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: dmz, address: 10.21.0.2/24 } }
    ports: ["8080:80"]
  sealed:
    command: [sleep, infinity]
    restart: always
    healthcheck: { test: [CMD, "true"], interval: 1h }
    read_only: true
    extra_hosts: { far: 192.0.2.7 }
    dns: 192.0.2.53
    dns_search: [lab.example]
    dns_opt: ["ndots:1"]
    volumes: ["data:/data:ro", { type: tmpfs, target: /tmp, size: 1M }]
    secrets: [token]
    configs: [conf]
veths:
  core: { endpoints: [{ container: web, interface: eth1, address: 10.1.0.1/30 }, { container: db, interface: eth1, address: 10.1.0.2/30 }] }
  uplink: { endpoints: ["web:up0", "host:web-up0"] }
  own: { endpoints: ["db:low0", "db:low1"] }
`
}

const SUPPORT = fileURLToPath(new URL("../../support", import.meta.url))

/** What a hand's shell finds in its environment. */
export function handEnvironment(sandbox: Sandbox, hierarchies: Hierarchies): { [name: string]: string } {
  const folders = Object.entries(hierarchies).flatMap(([name, hierarchy]) =>
    hierarchy === undefined ? [] : [[name, hierarchy.folder] as const],
  )
  const pids = Object.keys(inits(sandbox, "lab")).flatMap((name) => {
    const { init, monitor } = live(sandbox, "lab", name)
    return [[name, insidePid(init)] as const, [`${name}_monitor`, insidePid(monitor)] as const]
  })
  return { ...Object.fromEntries([...folders, ...pids]), device: someDevice() ?? "", support: SUPPORT }
}

/** The pid by which the sandbox knows a process: the second in its `NSpid`. proc_pid_status(5) */
function insidePid(pid: number): string {
  return /^NSpid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? ""
}
