import * as assert from "uvu/assert"
import { mountAt, parseMountinfo } from "../../src/base/mountinfo.ts"
import type { Kernel, LaunchRecord, ProcessId } from "../../src/kernel/kernel.ts"
import { MS_NODEV, MS_PRIVATE, MS_RDONLY } from "../../src/kernel/mount-flags.ts"
import { parseLimits } from "../../src/kinds/container/spec-ulimits.ts"
import { eventually } from "../support/eventually.ts"
import type { Contract, Subject } from "./subject.ts"
import { addressesOf, answers, errnoOf, errnoOfPromise, linkIn, must, recordOf } from "./subject.ts"

const [SIGKILL, SIGTERM] = [9, 15]
const LONG_MS = 10_000

async function start(subject: Subject, change: Partial<LaunchRecord> = {}) {
  const record = recordOf(subject, change)
  const monitor = await subject.kernel.spawn(record)
  return { record, monitor, init: monitor.init }
}

/** Whether a monitor, or its process before its exec, is there. */
function isThere({ kernel }: Subject, { title }: LaunchRecord): boolean {
  return kernel.list("/proc").some((pid) => kernel.read(`/proc/${pid}/cmdline`) === `${title}\0`)
}

async function end(kernel: Kernel, ...processes: ProcessId[]): Promise<void> {
  for (const process of processes) kernel.signal(process, SIGKILL)
  for (const process of processes) assert.ok(await kernel.gone(process, LONG_MS))
}

/** What drivers count on of monitors and their containers. */
export const processContract: Contract = {
  "a container parks under its monitor's name, and after go is its command": async (subject) => {
    const { kernel } = subject
    const { record, monitor, init } = await start(subject)
    assert.is(kernel.read(`/proc/${monitor.pid}/cmdline`), `${record.title}\0`)
    assert.is(kernel.read(`/proc/${init.pid}/cmdline`), `${record.title}\0`)
    assert.is(kernel.read(`/proc/${monitor.pid}/task/${monitor.pid}/children`)?.trim(), `${init.pid}`)
    assert.is(kernel.read(`/proc/${init.pid}/uid_map`)?.trim().replace(/\s+/g, " "), "0 100000 65536")
    assert.match(kernel.read(`/proc/${init.pid}/status`) ?? "", /^NSpid:.*\t1$/m)
    await monitor.go()
    assert.is(kernel.read(`/proc/${init.pid}/cmdline`), "sleep\u00001000\u0000")
    await end(kernel, monitor, init)
    // It died an orphan: until whoever is process 1 here has reaped it, it is a zombie.
    await eventually(() => kernel.read(`/proc/${init.pid}/stat`) === null, "the end of its last trace")
    assert.is(kernel.signal(init, 0), false)
  },

  "its namespaces are its own, held by the monitor, and what is shared is shared": async (subject) => {
    const { kernel } = subject
    const { monitor, init } = await start(subject)
    const link = (pid: number | string, name: string) => kernel.readLink(`/proc/${pid}/ns/${name}`)
    for (const name of ["user", "mnt", "pid", "net", "uts", "ipc", "cgroup"]) assert.is.not(link(init.pid, name), link("self", name))
    const held = kernel.heldNamespaces(monitor)
    assert.equal(
      [held.net, held.uts, held.ipc, held.user].map((path) => kernel.readLink(path)),
      ["net", "uts", "ipc", "user"].map((name) => link(init.pid, name)),
    )
    const { namespaces } = recordOf(subject)
    const second = await start(subject, {
      namespaces: { ...namespaces, net: `/proc/${init.pid}/ns/net`, user: `/proc/${init.pid}/ns/user`, ipc: "host" },
      uidMap: "",
      gidMap: "",
    })
    assert.equal(
      [link(second.init.pid, "net"), link(second.init.pid, "user"), link(second.init.pid, "ipc")],
      [link(init.pid, "net"), link(init.pid, "user"), link("self", "ipc")],
    )
    assert.is(kernel.readLink(kernel.heldNamespaces(second.monitor).ipc), null)
    await end(kernel, monitor, init, second.monitor, second.init)
  },

  "a link that is moved is down, without addresses and under its new name, and comes back the same way": async (subject) => {
    const { kernel } = subject
    const { monitor, init } = await start(subject)
    const { net } = kernel.heldNamespaces(monitor)
    must(kernel, [
      { op: "veth-add", end: { name: "va", up: true }, peer: { name: "vb" } },
      { op: "address-add", link: "va", address: "10.0.0.1/24" },
    ])
    const { index } = linkIn(kernel.dump("host"), "va")
    must(kernel, [{ op: "link-set", link: index, ns: net, name: "moved", mtu: 1400 }])
    const moved = linkIn(kernel.dump(net), "moved")
    assert.equal([moved.up, moved.mtu, addressesOf(kernel.dump(net), "moved")], [false, 1400, []])
    must(kernel, [{ op: "link-set", link: "vb", name: "moved" }])
    const back = { op: "link-set", link: moved.index, ns: "host", name: "va", alias: "a", up: true } as const
    must(kernel, [back], net)
    const { up, alias } = linkIn(kernel.dump("host"), "va")
    assert.equal([up, alias, answers(kernel, [back], net)], [true, "a", ["ENODEV"]])
    must(kernel, [{ op: "link-delete", link: "va" }])
    await end(kernel, monitor, init)
  },

  "a monitor holds its run folder, wherever that is renamed to, and writes there how its command ended": async (subject) => {
    const { kernel } = subject
    const { record, monitor, init } = await start(subject)
    await monitor.go()
    const place = kernel.heldRunFolder(monitor.pid)
    assert.is(kernel.readLink(place), record.runDir)
    kernel.rename(record.runDir, `${record.runDir}.renamed`)
    assert.is(kernel.readLink(place), `${record.runDir}.renamed`)
    kernel.signal(init, SIGKILL)
    await eventually(() => kernel.read(`${record.runDir}.renamed/state`) !== null, "the state of what was killed")
    assert.match(kernel.read(`${record.runDir}.renamed/state`) ?? "", /^signal 9$/m)
    kernel.rename(`${record.runDir}.renamed`, record.runDir)
    await end(kernel, monitor)
  },

  "what bounds a process is what it was launched with, and is changed of exactly that process": async (subject) => {
    const { kernel } = subject
    const filter = { program: new Uint8Array([6, 0, 0, 0, 0, 0, 0xff, 0x7f]), flags: 0 }
    const nofile = { resource: 7, soft: "100", hard: "200" }
    const { monitor, init } = await start(subject, { capabilities: String(1 << 12), filter, rlimits: [nofile], oomScoreAdj: 100 })
    await monitor.go()
    const status = kernel.read(`/proc/${init.pid}/status`) ?? ""
    const lines = ["CapPrm:\t0000000000001000", "CapBnd:\t0000000000001000", "NoNewPrivs:\t1", "Seccomp:\t2"]
    for (const line of lines) assert.ok(status.includes(`\n${line}\n`), line)
    const openFiles = () => parseLimits(kernel.read(`/proc/${init.pid}/limits`) ?? "").nofile
    const score = () => kernel.read(`/proc/${init.pid}/oom_score_adj`)
    assert.equal([openFiles(), score()], [{ soft: 100, hard: 200 }, "100\n"])
    kernel.setLimit({ ...init, startTime: "1" }, { ...nofile, name: "nofile", soft: "5" })
    assert.equal(openFiles(), { soft: 100, hard: 200 })
    kernel.setLimit(init, { ...nofile, name: "nofile", soft: "50" })
    kernel.write(`/proc/${init.pid}/oom_score_adj`, "300")
    assert.equal([openFiles(), score()], [{ soft: 50, hard: 200 }, "300\n"])
    await end(kernel, monitor, init)
    kernel.setLimit(init, { ...nofile, name: "nofile" })
  },

  "hostname and sysctls are the namespace's own, at setup and afterwards": async (subject) => {
    const { kernel } = subject
    const before = kernel.read("/proc/sys/kernel/hostname")
    const { monitor, init } = await start(subject, {
      setup: [
        { op: "hostname", name: "inside" },
        { op: "sysctl", name: "net.ipv4.ip_forward", value: "1" },
      ],
    })
    const { net, uts } = kernel.heldNamespaces(monitor)
    assert.is(kernel.readIn([net], "/proc/sys/net/ipv4/ip_forward"), "0\n")
    await monitor.go()
    assert.equal(
      [kernel.readIn([net], "/proc/sys/net/ipv4/ip_forward"), kernel.readIn([uts], "/proc/sys/kernel/hostname")],
      ["1\n", "inside\n"],
    )
    kernel.writeIn([uts], "/proc/sys/kernel/hostname", "renamed")
    kernel.writeIn([net], "/proc/sys/net/ipv4/ping_group_range", "0 7")
    assert.equal(
      [kernel.readIn([uts], "/proc/sys/kernel/hostname"), kernel.readIn([net], "/proc/sys/net/ipv4/ping_group_range")],
      ["renamed\n", "0\t7\n"],
    )
    assert.equal([kernel.readIn([net], "/proc/sys/net/ipv4/none"), kernel.read("/proc/sys/kernel/hostname")], [null, before])
    assert.is(
      errnoOf(() => kernel.writeIn([net], "/proc/sys/net/ipv4/none", "1")),
      "ENOENT",
    )
    assert.is(
      errnoOf(() => kernel.writeIn([net], "/proc/sys/net/ipv4/ip_forward", "x")),
      "EINVAL",
    )
    await end(kernel, monitor, init)
    assert.is(kernel.readIn([net], "/proc/sys/net/ipv4/ip_forward"), null)
  },

  "links are born into a container's network, and go with it": async (subject) => {
    const { kernel } = subject
    const { monitor, init } = await start(subject)
    const { net } = kernel.heldNamespaces(monitor)
    assert.ok(linkIn(kernel.dump(net), "lo").up)
    assert.equal(addressesOf(kernel.dump(net), "lo"), ["127.0.0.1/8 host", "::1/128 host"])
    must(kernel, [{ op: "veth-add", end: { name: "vout", up: true }, peer: { name: "eth0", ns: net, mac: "02:00:00:00:00:55" } }])
    const [inside, outside] = [linkIn(kernel.dump(net), "eth0"), linkIn(kernel.dump("host"), "vout")]
    assert.equal([inside.peerIndex, outside.peerIndex, inside.mac, inside.up], [outside.index, inside.index, "02:00:00:00:00:55", false])
    must(
      kernel,
      [
        { op: "address-add", link: "eth0", address: "10.9.0.2/24" },
        { op: "link-set", link: "eth0", up: true },
        { op: "route-replace", to: "0.0.0.0/0", via: "10.9.0.1" },
      ],
      net,
    )
    await eventually(() => linkIn(kernel.dump("host"), "vout").state === "up", "vout up")
    assert.not.ok(kernel.dump("host").routes.some((route) => route.to === "10.9.0.0/24"))
    await end(kernel, monitor, init)
    await eventually(() => !kernel.dump("host").links.some((link) => link.name === "vout"), "the end of vout")
    assert.is(
      errnoOf(() => kernel.dump(net)),
      "ENOENT",
    )
  },

  "a round through namespaces brings what each would say by itself, and of one that is gone what that says": async (subject) => {
    const { kernel } = subject
    const { monitor, init } = await start(subject)
    const { net, uts } = kernel.heldNamespaces(monitor)
    const hostname = "/proc/sys/kernel/hostname"
    must(kernel, [{ op: "veth-add", end: { name: "vout", up: true }, peer: { name: "eth0", ns: net, mac: "02:00:00:00:00:55" } }])
    must(kernel, [{ op: "address-add", link: "eth0", address: "10.9.0.2/24" }], net)
    const visited = kernel.visit({ dumps: [net, "/proc/4194304/ns/net"], files: [{ namespace: uts, path: hostname }] })
    assert.equal(visited.dump(net), kernel.dump(net))
    assert.ok(visited.dump(net).addresses.some(({ address }) => address === "10.9.0.2/24"))
    assert.is(visited.read(uts, hostname), kernel.readIn([uts], hostname))
    assert.is(
      errnoOf(() => visited.dump("/proc/4194304/ns/net")),
      "ENOENT",
    )
    assert.ok(linkIn(kernel.visit({ dumps: [], files: [] }).dump(net), "eth0").kind === "veth", "what was not asked for before")
    const [one, other] = [kernel.visit({ dumps: [net], files: [] }), kernel.visit({ dumps: [net], files: [] })]
    assert.equal(other.dump(net).links.length, one.dump(net).links.length)
    await end(kernel, monitor, init)
  },

  "a launch that fails says why, and leaves no process": async (subject) => {
    const { kernel, folder } = subject
    const { record: living, monitor, init } = await start(subject)
    assert.ok(isThere(subject, living))
    await end(kernel, monitor, init)
    const launch = async (change: Partial<LaunchRecord>) => {
      const record = recordOf(subject, change)
      const errno = await errnoOfPromise(kernel.spawn(record).then((monitor) => monitor.go()))
      await eventually(() => !isThere(subject, record), "the end of the monitor")
      return errno
    }
    const { namespaces } = recordOf(subject)
    assert.is(await launch({ namespaces: { ...namespaces, net: "/proc/4194304/ns/net" } }), "ENOENT")
    assert.is(await launch({ cgroups1: [`${folder}/none`] }), "ENOENT")
    assert.is(await launch({ runDir: `${folder}/none` }), "ENOENT")
    assert.is(await launch({ uidMap: "0 100000 10\n5 200000 10\n" }), "EINVAL")
    assert.is(await launch({ setup: [{ op: "sysctl", name: "net.ipv4.none", value: "1" }] }), "ENOENT")
    assert.is(await launch({ argv: ["/no/such/command"] }), "ENOENT")
    assert.is(await launch({ monitorCgroup2: `${folder}/none` }), "ENOENT")
  },

  "a parked container that is given up is gone": async (subject) => {
    const { kernel } = subject
    const { monitor, init } = await start(subject)
    monitor.abandon()
    assert.equal([await kernel.gone(monitor, LONG_MS), await kernel.gone(init, LONG_MS)], [true, true])
  },

  "folders asked for are there with their owner, before the container is": async (subject) => {
    const { kernel, folder } = subject
    const prepare = [
      { path: `${folder}/layer`, mode: 0o711, uid: 0, gid: 0 },
      { path: `${folder}/layer/upper`, mode: 0o1777, uid: 100_000, gid: 100_001 },
    ]
    const { monitor, init } = await start(subject, { prepare })
    assert.equal(kernel.stat(`${folder}/layer/upper`), { type: "folder", mode: 0o1777, uid: 100_000, gid: 100_001, device: "" })
    await end(kernel, monitor, init)
    kernel.removeTree(`${folder}/layer`)
  },

  "a mount comes and goes in one container alone": async (subject) => {
    const { kernel, folder } = subject
    const { monitor, init } = await start(subject)
    await monitor.go()
    const [source, target] = [`${folder}/source`, `${folder}/place`]
    for (const path of [source, target]) kernel.mkdir(path)
    const seen = (pid: number | "self" = init.pid) => {
      const line = mountAt(parseMountinfo(kernel.read(`/proc/${pid}/mountinfo`) ?? ""), target)
      return line === undefined ? "nothing" : `${line.type === "tmpfs" ? "tmpfs" : "copy"} ${line.options[0]}`
    }
    const owner = { uid: 0, gid: 0 }
    const copy = { source, flags: MS_RDONLY | MS_NODEV, propagation: MS_PRIVATE, idmapped: false }
    kernel.mountIn(init, { what: copy, target, owner })
    assert.equal([seen(), seen("self")], ["copy ro", "nothing"])
    assert.is(
      errnoOf(() => kernel.unmountIn(init, { source: folder, target })),
      "ESTALE",
    )
    kernel.unmountIn(init, { source, target })
    assert.is(seen(), "nothing")
    assert.is(
      errnoOf(() => kernel.unmountIn(init, { source, target })),
      "EINVAL",
    )
    kernel.mountIn(init, { what: { flags: MS_NODEV, data: "mode=755,size=65536" }, target, owner })
    assert.is(seen(), "tmpfs rw")
    kernel.unmountIn(init, { source: "", target })
    for (const work of [
      () => kernel.mountIn({ ...init, startTime: "1" }, { what: copy, target, owner }),
      () => kernel.unmountIn({ ...init, startTime: "1" }, { source, target }),
    ])
      assert.is(errnoOf(work), "ESRCH")
    assert.is(
      errnoOf(() => kernel.mountIn(init, { what: { ...copy, source: `${folder}/none` }, target, owner })),
      "ENOENT",
    )
    await end(kernel, monitor, init)
    for (const path of [source, target]) kernel.rmdir(path)
  },

  "signals go to exactly one process; process 1 hears only what it handles": async (subject) => {
    const { kernel } = subject
    const { monitor, init } = await start(subject)
    await monitor.go()
    const stranger = { pid: init.pid, startTime: `${Number(init.startTime) - 1}` }
    assert.equal([kernel.signal(stranger, SIGKILL), await kernel.gone(stranger, 0)], [false, true])
    assert.is(kernel.signal(init, SIGTERM), true)
    assert.is(await kernel.gone(init, 50), false)
    assert.is(kernel.signal(init, SIGKILL), true)
    assert.is(await kernel.gone(init, LONG_MS), true)
    await end(kernel, monitor)
  },

  "the monitor outlives its container's command and says how it ended; the command does not outlive the monitor": async (subject) => {
    const { kernel } = subject
    const { record, monitor, init } = await start(subject)
    await monitor.go()
    kernel.signal(init, SIGKILL)
    await eventually(() => /^signal 9\nfinished \d+$/m.test(kernel.read(`${record.runDir}/state`) ?? ""), "the state file")
    assert.match(kernel.read(`/proc/${monitor.pid}/stat`) ?? "", /\) S/)
    assert.is.not(kernel.readLink(kernel.heldNamespaces(monitor).net), null)
    await end(kernel, monitor)
    const other = await start(subject)
    await other.monitor.go()
    kernel.signal(other.monitor, SIGKILL)
    assert.is(await kernel.gone(other.init, LONG_MS), true)
    assert.is(await kernel.gone(other.monitor, LONG_MS), true)
  },
}
