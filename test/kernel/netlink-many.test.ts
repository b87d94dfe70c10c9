import { execFileSync, spawn } from "node:child_process"
import { readdirSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { KernelError, NetRequest, Traffic } from "../../src/kernel/kernel.ts"
import { bridge, done, ip, needsIp, net, prepareNamespaces, shell } from "./netlink-lab.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

prepareNamespaces()

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length
}

/** The bridge's state follows its ports' a moment later, in the kernel's own time: readings count when nothing has changed between them. */
function readTogether() {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { links } = net.dump("host")
    const shown = ip("link", "show")
    const after = net.dump("host").links
    if (JSON.stringify(links) === JSON.stringify(after)) return { links, shown }
  }
  throw new Error("the links do not come to rest")
}

needsIp("hundreds of links go by one batch, are read by one dump, and leave by one message", () => {
  // The socket of the host's namespace is opened once and kept.
  net.dump("host")
  const before = openDescriptors()
  const pairs = Array.from({ length: 300 }, (_, i): NetRequest[] => [
    { op: "veth-add", end: { name: `a${i}`, group: 7, up: true, master: "br-lan" }, peer: { name: `b${i}`, ns: "/run/netns/web" } },
    { op: "link-set", link: `a${i}`, alias: `stack:lab/interface.c${i}.eth0` },
  ])
  done([bridge("br-lan"), ...pairs.flat()])
  const { links, shown } = readTogether()
  assert.equal(
    // biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON
    shown.map((l: any) => [l.ifindex, l.ifname, l.address, l.mtu, l.ifalias ?? "", l.operstate.toLowerCase()]),
    links.map((l) => [l.index, l.name, l.mac, l.mtu, l.alias, l.state]),
  )
  assert.is(links.filter((l) => l.kind === "veth" && l.master > 0).length, 300)
  assert.is(net.dump("/run/netns/web").links.length, 301)
  done([{ op: "group-delete", group: 7 }])
  assert.is(net.dump("host").links.length, 1)
  assert.is(net.dump("/run/netns/web").links.length, 1)
  assert.is(openDescriptors(), before)
})

needsIp("counters are as iproute2 shows them", () => {
  execFileSync("ping", ["-c", "1", "127.0.0.1"])
  const [{ ifindex, stats64 }] = ip("-s", "link", "show", "lo")
  const lo = net.counters("host").find(({ index }) => index === ifindex)
  const { rx, tx } = stats64
  const four = ({ bytes, packets, errors, dropped }: Traffic) => ({ bytes, packets, errors, dropped })
  assert.equal(lo, { index: ifindex, carrier: true, rx: four(rx), tx: four(tx) })
  assert.ok((lo?.rx.packets ?? 0) >= 2)
})

/** Names of the links that stay, or undefined where the kernel was quicker than eight readings. */
function namesOrInterrupted(): string[] | undefined {
  try {
    const names = net.dump("host").links.map((l) => l.name)
    return names.filter((name) => name.startsWith("stay")).sort()
  } catch (error) {
    assert.is((error as KernelError).errno, "EINTR")
    return undefined
  }
}

needsIp("while links come and go, a dump holds each one that stays exactly once", async () => {
  const names = Array.from({ length: 200 }, (_, i) => `stay${i}`).sort()
  done(names.map((name) => bridge(name)))
  const churn = spawn("sh", [
    "-c",
    "while ip link add gone0 type bridge && ip link add gone1 type bridge && ip link del gone0 && ip link del gone1; do :; done",
  ])
  let consistent = 0
  try {
    for (let i = 0; i < 40; i++) {
      const read = namesOrInterrupted()
      if (read !== undefined) {
        consistent++
        assert.equal(read, names)
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  } finally {
    churn.kill()
  }
  assert.ok(consistent > 0)
})

needsIp("nothing of it keeps a namespace alive, and one that is gone is an error", async () => {
  shell("netns add brief\n")
  done([{ op: "veth-add", end: { name: "v0", group: 7, up: true }, peer: { name: "eth0", ns: "/run/netns/brief" } }])
  done([{ op: "address-add", link: "eth0", address: "10.0.0.2/24" }], "/run/netns/brief")
  net.dump("/run/netns/brief")
  shell("netns del brief\n")
  for (let i = 0; i < 300 && net.dump("host").links.some((l) => l.name === "v0"); i++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.not.ok(net.dump("host").links.some((l) => l.name === "v0"))
  assert.throws(() => net.dump("/run/netns/brief"), /^nsenter --net=\/run\/netns\/brief: ENOENT/)
  assert.throws(() => net.dump("/etc/passwd"), /EINVAL/)
})

if (inOwnNamespaces(import.meta.url)) test.run()
