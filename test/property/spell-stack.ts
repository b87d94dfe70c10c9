/** A stack file that says what the resources are, in one of its many spellings. */
import { deriveMac } from "../../src/base/mac.ts"
import { sysctlSpellings } from "../../src/base/sysctl-name.ts"
import type { BridgeAttributes } from "../../src/kinds/bridge/spec.ts"
import type { Limits } from "../../src/kinds/cgroup/spec.ts"
import type { ContainerAttributes, IdRange } from "../../src/kinds/container/spec.ts"
import { hasHealthcheck } from "../../src/kinds/container/spec-health.ts"
import type { InterfaceAttributes, OneEndedAttributes } from "../../src/kinds/interface/spec.ts"
import type { FdbSpec } from "../../src/kinds/interface/spec-fdb.ts"
import type { VethAttributes } from "../../src/kinds/veth/spec.ts"
import type { Attributes, Desired, KindName, Resource } from "../../src/model/resource.ts"
import type { Dice } from "./dice.ts"
import { diceOf } from "./dice.ts"
import { spellMounts } from "./spell-mounts.ts"
import {
  spellCidr,
  spellCpus,
  spellCpuset,
  spellIp,
  spellKernelSize,
  spellKeys,
  spellList,
  spellMac,
  spellSize,
  spellSysctl,
  spellTexts,
  spellWhole,
  spellWords,
} from "./spellings.ts"
import type { Yaml, YamlMap } from "./write-yaml.ts"
import { Anchored, Plain, writeYaml } from "./write-yaml.ts"

export function spellStack({ stack, resources }: Desired, seed: number): string {
  const dice = diceOf(seed)
  const bases: [string, Anchored][] = []
  const of = <T>(kind: KindName) => resources.filter((r) => r.kind === kind) as unknown as (Resource & { attributes: T })[]
  const named = (kind: KindName, spell: (resource: Resource) => Yaml): Yaml => ({
    map: dice.shuffled(of(kind)).map((resource) => [resource.name, spell(resource)] as const),
  })
  const lans = new Map(of<BridgeAttributes>("bridge").map((r) => [r.address, r.attributes]))
  const container = (resource: Resource) => {
    const ports = of<InterfaceAttributes>("interface").filter((port) => port.partOf === resource.address)
    return shared(dice, bases, resource.name, spellContainer(dice, resource, interfaces(dice, ports, lans)))
  }
  const sections = spellKeys(dice, [
    ["name", stack],
    ["bridges", named("bridge", (r) => spellBridge(dice, r))],
    ["cgroups", named("cgroup", (r) => ({ map: spellKeys(dice, [["limits", spellLimits(dice, r.attributes.limits as Limits)]]) }))],
    ["containers", named("container", container)],
    ["volumes", named("volume", () => ({ map: [] }))],
    ["veths", named("veth", (r) => spellVeth(dice, r))],
  ])
  return writeYaml(dice, [...bases, ...sections])
}

/** Some of the keys may stand elsewhere, under an anchor. */
function shared(dice: Dice, bases: [string, Anchored][], name: string, keys: YamlMap): Yaml {
  if (dice.chance()) return { map: keys }
  const own = keys.filter(() => dice.chance())
  const base = keys.filter((key) => !own.includes(key))
  bases.push([`x-${name}`, new Anchored(name, base)])
  return { map: dice.shuffled([["<<", new Plain(`*${name}`)] as const, ...own]) }
}

function spellBridge(dice: Dice, { name, attributes }: Resource): Yaml {
  const lan = attributes as unknown as BridgeAttributes
  const keys = spellKeys(dice, [
    [
      "address",
      spellList(
        dice,
        lan.address.map((a) => spellCidr(dice, a)),
      ),
    ],
    ["mtu", spellWhole(dice, lan.mtu), lan.mtu === 1500],
    ["mac", spellMac(dice, lan.mac), lan.mac === deriveMac(`lab/bridge.${name}`)],
    ["stp", new Plain(lan.stp), !lan.stp],
    ["vlan_filtering", new Plain(lan.vlan_filtering), !lan.vlan_filtering],
    ["ageing_time", spellWhole(dice, lan.ageing_time), lan.ageing_time === 300],
    ["interface", lan.interface, lan.interface === `lab-${name}`],
  ])
  return { map: keys }
}

export function spellLimits(dice: Dice, limits: Limits): Yaml {
  const { cpuset, io, unified } = limits
  const sizes = (["memory", "memory_high", "memory_low", "memory_swap"] as const).map((key) => {
    const bytes = limits[key]
    if (key === "memory_low" && bytes === undefined) return [key, spellSize(dice, 0), true] as const
    return [key, bytes === undefined ? undefined : spellSize(dice, bytes)] as const
  })
  const rates = ([device, rate]: readonly [string, object]): Yaml => {
    const entries = Object.entries(rate as { [key: string]: number })
    const spelt = entries.map(([key, n]) => [key, key.endsWith("bps") ? spellSize(dice, n) : spellWhole(dice, n)] as const)
    return { map: dice.shuffled([["device", spellDevice(dice, device)] as const, ...spelt]) }
  }
  const keys = spellKeys(dice, [
    ...sizes,
    ["cpus", limits.cpus === undefined ? undefined : spellCpus(dice, limits.cpus)],
    ["cpu_weight", spellWhole(dice, limits.cpu_weight ?? 100), limits.cpu_weight === undefined],
    ["cpuset", cpuset === undefined ? undefined : spellCpuset(dice, cpuset.split(",").map(Number))],
    [
      "pids",
      limits.pids === undefined ? undefined : limits.pids === "max" ? dice.pick<Yaml>("max", new Plain(-1)) : spellWhole(dice, limits.pids),
    ],
    ["io", io === undefined ? undefined : { list: dice.shuffled(Object.entries(io).map(rates)) }],
    ["unified", unified === undefined ? undefined : spellFiles(dice, unified)],
  ])
  return { map: keys }
}

/** As they stand, with blanks around; sizes as the kernel reads them. */
function spellFiles(dice: Dice, files: { readonly [file: string]: string }): Yaml {
  const spelt = Object.entries(files).map(([file, text]) => {
    const value = file === "memory.min" ? spellKernelSize(dice, Number(text)) : text
    return [file, dice.pick<Yaml>(value, ` ${value} `, /^\d+$/.test(value) ? new Plain(value) : value)] as const
  })
  return { map: dice.shuffled(spelt) }
}

/** A device by its path or by its number. */
function spellDevice(dice: Dice, device: string): string {
  return device === "/dev/vda" ? dice.pick(device, "254:0") : device
}

function spellContainer(dice: Dice, { name, attributes }: Resource, ports: YamlMap): YamlMap {
  const box = attributes as unknown as ContainerAttributes
  const at = dice.pick(0, 0, 1)
  const joins = box.namespaces.net !== "new"
  const routes = box.routes.map((route) => spellPlain(dice, route as unknown as Attributes))
  const [rules, neighbours] = [box.rules ?? [], box.neighbours ?? []].map((list) =>
    list.map((one) => spellPlain(dice, one as unknown as Attributes)),
  ) as [Yaml[], Yaml[]]
  const modes = Object.entries(box.namespaces).map(([kind, mode]) => [kind, mode, mode === "new"] as const)
  return spellKeys(dice, [
    ["image", "host", true],
    ["entrypoint", at === 0 ? undefined : spellWords(dice, box.argv.slice(0, at))],
    ["command", spellWords(dice, box.argv.slice(at))],
    ["environment", spellTexts(dice, box.environment), Object.keys(box.environment).length === 0],
    ["labels", spellTexts(dice, box.labels), Object.keys(box.labels).length === 0],
    [
      "working_dir",
      dice.pick(box.working_dir, `${box.working_dir}/`, `${box.working_dir}/./`).replace(/^\/+/, "/"),
      box.working_dir === "/",
    ],
    ["user", dice.pick<Yaml>(new Plain(0), "0:0", "0"), true],
    ["hostname", box.hostname, box.hostname === name],
    ["idmap", ...spellMaps(dice, box)],
    ["cgroup", box.cgroup === "" ? undefined : box.cgroup],
    ["limits", spellLimits(dice, box.limits), Object.keys(box.limits).length === 0],
    ["interfaces", joins ? undefined : { map: ports }, ports.length === 0],
    ["routes", joins ? undefined : { list: dice.shuffled(routes) }, routes.length === 0],
    ["rules", joins ? undefined : { list: dice.shuffled(rules) }, rules.length === 0],
    ["neighbours", joins ? undefined : { list: dice.shuffled(neighbours) }, neighbours.length === 0],
    ["sysctls", spellSysctls(dice, box.sysctls), Object.keys(box.sysctls).length === 0],
    ["namespaces", { map: spellKeys(dice, modes) }],
    ["depends_on", spellDependencies(dice, box), box.depends_on.length === 0],
    ["healthcheck", spellHealthcheck(dice, box.healthcheck), !hasHealthcheck(box.healthcheck)],
    ["volumes", spellMounts(dice, box.mounts), Object.keys(box.mounts).length === 0],
    ["read_only", new Plain(box.read_only), !box.read_only],
    ["restart", dice.pick<Yaml>(box.restart, new Plain(box.restart)), box.restart === "no"],
    ["ephemeral", new Plain(box.ephemeral), !box.ephemeral],
  ])
}

/** A route, a rule or a neighbour: each value as it stands, IP addresses in one of their spellings, a mark with its mask in one word. */
function spellPlain(dice: Dice, { fwmark, fwmask, ...rest }: Attributes): Yaml {
  const mark =
    fwmark === undefined ? undefined : fwmask === undefined ? new Plain(fwmark as number) : `${fwmark}/0x${(fwmask as number).toString(16)}`
  const keys = Object.entries(rest).map(([key, value]): [string, Yaml] => {
    if (key === "nexthops") return [key, { list: dice.shuffled((value as Attributes[]).map((hop) => spellPlain(dice, hop))) }]
    if (key === "table" && value === 254) return [key, dice.pick<Yaml>("main", new Plain(254), "254")]
    if (typeof value === "string") return [key, key === "via" ? spellIp(dice, value) : value]
    return [key, new Plain(value as number | boolean)]
  })
  return { map: spellKeys(dice, [...keys, ["fwmark", mark]]) }
}

function spellMaps(dice: Dice, { uid_map, gid_map }: ContainerAttributes): [Yaml, boolean] {
  if (!Array.isArray(uid_map) || !Array.isArray(gid_map)) return [{ map: [["size", spellWhole(dice, 65_536)]] }, true]
  const keys = spellKeys(dice, [
    ["uid", spellRanges(dice, uid_map)],
    ["gid", spellRanges(dice, gid_map), JSON.stringify(uid_map) === JSON.stringify(gid_map)],
  ])
  return [{ map: keys }, false]
}

/** LXC's lines or OCI's maps, in any order. */
function spellRanges(dice: Dice, ranges: readonly IdRange[]): Yaml {
  const spelt = ranges.map(({ container, host, count }): Yaml => {
    const gap = dice.pick(" ", "  ")
    if (dice.chance()) return `${dice.pick("", "b ")}${container}${gap}${host} ${count}`
    const map = [["containerID", new Plain(container)] as const, ["hostID", new Plain(host)] as const, ["size", new Plain(count)] as const]
    return { map: dice.shuffled(map) }
  })
  return { list: dice.shuffled(spelt) }
}

function spellSysctls(dice: Dice, sysctls: { readonly [name: string]: string }): Yaml {
  const entries = Object.entries(sysctls).map(([name, value]) => [dice.pick(...sysctlSpellings(name)), spellSysctl(dice, value)] as const)
  if (dice.chance())
    return { list: dice.shuffled(entries).map(([name, value]) => `${name}=${value instanceof Plain ? value.text : value}`) }
  return { map: dice.shuffled(entries) }
}

function spellDependencies(dice: Dice, { depends_on, conditions }: ContainerAttributes): Yaml {
  const names = dice.shuffled(depends_on.map((address) => address.replace("container.", "")))
  if (dice.chance() && Object.keys(conditions).length === 0) return { list: names }
  const condition = (): Yaml => dice.pick<Yaml>({ map: [] }, new Plain("null"), { map: [["condition", "service_started"]] })
  const asked = (name: string) => conditions[`container.${name}`]
  return {
    map: names.map((name) => [name, asked(name) === undefined ? condition() : { map: [["condition", asked(name) as string]] }] as const),
  }
}

function spellHealthcheck(dice: Dice, check: ContainerAttributes["healthcheck"]): Yaml {
  if (!hasHealthcheck(check))
    return { map: [dice.pick<readonly [string, Yaml]>(["disable", new Plain(true)], ["test", { list: ["NONE"] }])] }
  const seconds = check.interval / 1000
  return {
    map: spellKeys(dice, [
      ["test", check.test[0] === "CMD-SHELL" && dice.chance() ? (check.test[1] as string) : { list: check.test }],
      ["interval", dice.pick<Yaml>(new Plain(seconds), `${seconds}s`, `${check.interval}ms`)],
      ["timeout", "30s", true],
      ["retries", new Plain(3), true],
    ]),
  }
}

function interfaces(
  dice: Dice,
  ports: readonly (Resource & { attributes: InterfaceAttributes })[],
  lans: ReadonlyMap<string, BridgeAttributes>,
): YamlMap {
  return ports.map(({ name, attributes: port }) => {
    const keys = spellKeys(dice, [
      ...(port.link === undefined ? [["bridge", port.bridge.replace("bridge.", "")] as const] : [linkKey(dice, port)]),
      [
        "address",
        spellList(
          dice,
          port.address.map((a) => spellCidr(dice, a)),
        ),
      ],
      [
        "gateway",
        spellList(
          dice,
          port.gateway.map((a) => spellIp(dice, a)),
        ),
      ],
      ["mac", port.mac === undefined ? undefined : spellMac(dice, port.mac), port.mac === deriveMac(`lab/interface.${name}`)],
      ["mtu", port.mtu === undefined ? undefined : spellWhole(dice, port.mtu), port.mtu === lans.get(port.bridge ?? "")?.mtu],
      ["up", new Plain(port.up), port.up],
      [
        "host_end",
        port.host_end === undefined ? undefined : { map: [["mac", spellMac(dice, port.host_end.mac)]] },
        port.host_end?.mac === deriveMac(`lab/interface.${name}/host`),
      ],
    ])
    const filled = keys.filter(([, value]) => !(typeof value === "object" && "list" in value && value.list.length === 0))
    return [port.interface, { map: filled }] as const
  })
}

/** `dummy: {}`, `vxlan: { id: 7, … }` */
function linkKey(dice: Dice, { link, fdb = [], bond, wireguard }: OneEndedAttributes): readonly [string, Yaml] {
  const { kind, id, remote, port, owner, multi_queue, mode, link: lower, link_netns } = link
  switch (kind) {
    case "tap": {
      const keys: [string, Yaml][] = [
        ...(owner === undefined ? [] : [["owner", spellWhole(dice, owner)] as [string, Yaml]]),
        ...(multi_queue === undefined ? [] : [["multi_queue", new Plain(true)] as [string, Yaml]]),
      ]
      return [kind, { map: dice.shuffled(keys) }]
    }
    case "bond": {
      const keys = spellKeys(dice, [
        ["mode", mode],
        ["miimon", spellWhole(dice, bond?.miimon ?? 0), bond?.miimon === 100],
        ["members", { list: dice.shuffled(bond?.members ?? []) }],
      ])
      return [kind, { map: keys }]
    }
    case "wireguard": {
      const peers = Object.entries(wireguard?.peers ?? {}).map(
        ([key, { endpoint, allowed_ips }]): Yaml => ({
          map: spellKeys(dice, [
            ["public_key", key],
            ["endpoint", endpoint],
            ["allowed_ips", { list: allowed_ips }],
          ]),
        }),
      )
      const keys = spellKeys(dice, [
        ["listen_port", spellWhole(dice, wireguard?.listen_port ?? 0)],
        ["peers", { list: peers }],
      ])
      return [kind, { map: keys }]
    }
    case "vlan": {
      const keys = spellKeys(dice, [
        ["link", lower],
        ["id", spellWhole(dice, id ?? 0)],
      ])
      return [kind, { map: keys }]
    }
    case "vxlan": {
      const keys = spellKeys(dice, [
        ["id", spellWhole(dice, id ?? 0)],
        ["remote", remote],
        ["link", lower],
        ["link_netns", link_netns ?? (lower === undefined ? "host" : "container"), link_netns === undefined],
        ["port", spellWhole(dice, port ?? 0), port === 4789],
        ["fdb", { list: dice.shuffled(fdb).map((entry) => spellFdb(dice, entry)) }, fdb.length === 0],
      ])
      return [kind, { map: keys }]
    }
    default:
      return [kind, { map: [] }]
  }
}

function spellFdb(dice: Dice, { mac, to, port }: FdbSpec): Yaml {
  const keys = spellKeys(dice, [
    ["mac", mac === undefined ? "00:00:00:00:00:00" : spellMac(dice, mac), mac === undefined],
    ["to", to],
    ["port", spellWhole(dice, port ?? 4789), port === undefined],
  ])
  return { map: keys }
}

function spellVeth(dice: Dice, { name, attributes }: Resource): Yaml {
  const { endpoints, mtu } = attributes as unknown as VethAttributes
  const end = ({ container, interface: at, address, mac, up }: VethAttributes["endpoints"][number]): Yaml => {
    const holder = container.replace("container.", "")
    const derived = mac === deriveMac(`lab/veth.${name}/${container}/${at}`)
    if (address.length === 0 && up && derived && dice.chance()) return `${holder}:${at}`
    const keys = spellKeys(dice, [
      ["container", holder],
      ["interface", at],
      [
        "address",
        address.length === 0
          ? undefined
          : spellList(
              dice,
              address.map((a) => spellCidr(dice, a)),
            ),
      ],
      ["mac", spellMac(dice, mac), derived],
      ["up", new Plain(up), up],
    ])
    return { map: keys }
  }
  return {
    map: spellKeys(dice, [
      ["endpoints", { list: dice.shuffled(endpoints.map(end)) }],
      ["mtu", spellWhole(dice, mtu), mtu === 1500],
    ]),
  }
}
