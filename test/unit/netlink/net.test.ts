import { test } from "uvu"
import * as assert from "uvu/assert"
import type { NetRequest } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { sendBatch } from "../../../src/kernel/netlink/batch.ts"
import { Connections } from "../../../src/kernel/netlink/conn.ts"
import { openNet } from "../../../src/kernel/netlink/net.ts"
import type { Message } from "../../../src/kernel/netlink/wire.ts"
import { acknowledged, dumpDone, linkMessage, peer } from "./peer.ts"

const RTM = { NEWLINK: 16, GETLINK: 18, SETLINK: 19, NEWADDR: 20, DELADDR: 21, GETADDR: 22, NEWROUTE: 24, GETROUTE: 26 }

/** Answers every lookup with link 5 and every other request with success. */
function agreeable(message: Message): Buffer[] {
  return message.type === RTM.GETLINK ? [linkMessage(message, 5, "x"), acknowledged(message)] : [acknowledged(message)]
}

function address(link: string | number, n = 1): NetRequest {
  return { op: "address-add", link, address: `10.0.${n >> 8}.${n & 255}/16` }
}

const bridge: NetRequest = { op: "bridge-add", name: "br-lan", group: 1, up: true, bridge: {} }

test("a name that the batch itself makes is looked up at the end of the send that makes it", () => {
  const kernel = peer(agreeable)
  const requests: NetRequest[] = [bridge, { op: "link-set", link: "br-lan", alias: "a" }, address("br-lan"), address("br-lan", 2)]
  assert.equal(openNet(kernel).net("host", requests), [null, null, null, null])
  assert.equal(kernel.sends, [
    [RTM.NEWLINK, RTM.SETLINK, RTM.GETLINK],
    [RTM.NEWADDR, RTM.NEWADDR],
  ])
})

test("a name known to be there costs one lookup, however often it is used, and an index none", () => {
  const kernel = peer(agreeable)
  openNet(kernel).net("/ns/web", [
    address("eth0"),
    { op: "link-set", link: "eth0", up: true },
    { op: "route-replace", to: "0.0.0.0/0", dev: "eth0" },
  ])
  assert.equal(kernel.sends, [[RTM.GETLINK], [RTM.NEWADDR, RTM.SETLINK, RTM.NEWROUTE]])
  assert.equal(kernel.opened, ["/ns/web"])
  assert.is(kernel.openSockets(), 0)

  const second = peer(agreeable)
  openNet(second).net("host", [address(5), { op: "link-set", link: "eth0", up: true }])
  assert.equal(second.sends, [[RTM.NEWADDR, RTM.SETLINK]])
})

test("a new name is looked up anew", () => {
  const kernel = peer(agreeable)
  const requests: NetRequest[] = [address("a"), { op: "link-set", link: "a", name: "b" }, address("b"), address("a")]
  openNet(kernel).net("host", requests)
  assert.equal(kernel.sends, [[RTM.GETLINK], [RTM.NEWADDR, RTM.SETLINK, RTM.GETLINK, RTM.GETLINK], [RTM.NEWADDR, RTM.NEWADDR]])
})

test("the host's socket is opened once; a veth between namespaces is sent in its end's", () => {
  const kernel = peer(agreeable)
  const net = openNet(kernel)
  net.net("host", [bridge])
  net.net("host", [bridge, { op: "veth-add", end: { name: "a", ns: "/ns/a", up: false }, peer: { name: "b", ns: "/ns/b" } }, bridge])
  assert.equal(kernel.opened, ["host", "/ns/a"])
  assert.equal(kernel.files, ["/ns/b"])
  assert.is(kernel.openSockets(), 1)
  assert.is(kernel.openFiles(), 0)
})

test("no send holds more than 128 messages or 96 KB, and the order stays", () => {
  const kernel = peer(agreeable)
  const many = Array.from({ length: 1000 }, (_, i) => address(5, i + 1))
  assert.is(
    openNet(kernel)
      .net("host", many)
      .filter((e) => e !== null).length,
    0,
  )
  assert.ok(kernel.sends.every((send) => send.length <= 128))
  assert.is(kernel.sends.length, 8)

  const long = peer(agreeable)
  const aliases = Array.from({ length: 128 }, (): NetRequest => ({ op: "link-set", link: 5, alias: "x".repeat(1500) }))
  openNet(long).net("host", aliases)
  assert.ok(long.bytes.every((length) => length <= 96 * 1024))
  assert.is(long.sends.flat().length, 128)
})

test("each request has its own error, in the words of its shell twin", () => {
  const kernel = peer((message, n) => [n === 1 ? acknowledged(message, 17, "it is there") : acknowledged(message)])
  const errors = openNet(kernel).net("host", [bridge, bridge, bridge])
  assert.is(errors[0], null)
  assert.is(errors[2], null)
  const [, error] = errors
  assert.instance(error, KernelError)
  assert.equal([error?.op, error?.errno, error?.text], ["ip link add br-lan up type bridge", "EEXIST", "it is there"])
})

test("answers in any order find their request", () => {
  const kernel = peer((message, n) => [acknowledged(message, n === 0 ? 17 : 0)], { reverse: true })
  assert.equal(
    openNet(kernel)
      .net("host", [bridge, bridge])
      .map((e) => e?.errno),
    ["EEXIST", undefined],
  )
})

test("later the same is said, by sockets of its own that are closed again", async () => {
  const kernel = peer(agreeable, { missing: ["/ns/gone"] })
  const net = openNet(kernel)
  assert.equal(await net.netLater("host", [bridge, address("br-lan")]), [null, null])
  assert.equal(kernel.sends, [[RTM.NEWLINK, RTM.GETLINK], [RTM.NEWADDR]])
  assert.is(kernel.openSockets(), 0)
  assert.is((await net.netLater("/ns/gone", [address(5)]))[0]?.errno, "ENOENT")
})

test("where too much is under way already, later is now", async () => {
  const kernel = peer(agreeable)
  const busy = { ...kernel, nlBegin: () => -11 }
  assert.equal(await openNet(busy).netLater("host", [bridge, address("br-lan")]), [null, null])
  assert.equal(kernel.sends, [[RTM.NEWLINK, RTM.GETLINK], [RTM.NEWADDR]])
  assert.is(kernel.openSockets(), 0)
})

test("a link that is not there fails what hangs on it, and nothing else", () => {
  const kernel = peer((message) => [acknowledged(message, message.type === RTM.GETLINK ? 19 : 0)])
  const errors = openNet(kernel).net("host", [address("nope"), bridge])
  assert.is(errors[0]?.message, "ip address add 10.0.0.1/16 dev nope: ENODEV: there is no link nope")
  assert.is(errors[1], null)
})

test("what cannot be said, and a namespace that cannot be opened, fail their own request only", () => {
  const kernel = peer(agreeable, { missing: ["/ns/gone"] })
  const net = openNet(kernel)
  const veth = (ns: string): NetRequest => ({ op: "veth-add", end: { name: "v", up: true }, peer: { name: "p", ns } })
  const errors = net.net("host", [veth("/ns/gone"), { op: "address-add", link: 1, address: "10.0.0.1" }, veth("/ns/web")])
  assert.equal(
    errors.map((e) => e?.message),
    [
      "ip link add v up type veth peer name p netns /ns/gone: ENOENT: open /ns/gone",
      'ip address add 10.0.0.1 dev if1: EINVAL: "10.0.0.1" is no address with a prefix length',
      undefined,
    ],
  )
  assert.is(kernel.openFiles(), 0)
  assert.equal(
    net.net("/ns/gone", [address(1)]).map((e) => e?.message),
    ["ip address add 10.0.0.1/16 dev if1: ENOENT: nsenter --net=/ns/gone"],
  )
})

test("a passing refusal is tried again with what failed behind it, a creation is not", () => {
  let busy = 2
  const kernel = peer((message) => {
    if (message.type === RTM.SETLINK) return [acknowledged(message, busy-- > 0 ? 16 : 0)]
    return [acknowledged(message, message.type === RTM.NEWROUTE && busy >= 0 ? 100 : 0)]
  })
  const set: NetRequest = { op: "link-set", link: 5, up: true }
  const route: NetRequest = { op: "route-replace", to: "0.0.0.0/0", dev: 5 }
  assert.equal(openNet(kernel).net("host", [address(5), set, route]), [null, null, null])
  assert.equal(kernel.sends, [
    [RTM.NEWADDR, RTM.SETLINK, RTM.NEWROUTE],
    [RTM.SETLINK, RTM.NEWROUTE],
    [RTM.SETLINK, RTM.NEWROUTE],
  ])

  const creation = peer((message) => [acknowledged(message, 16)])
  assert.is(openNet(creation).net("host", [bridge])[0]?.errno, "EBUSY")
  assert.is(creation.sends.length, 1)
})

test("a request that stays busy is given up", () => {
  const kernel = peer((message) => [acknowledged(message, 16)])
  assert.is(openNet(kernel).net("host", [{ op: "link-set", link: 5, up: true }])[0]?.errno, "EBUSY")
  assert.is(kernel.sends.length, 4)
})

test("a lost answer is no success: only what can be done twice is done again, on a new socket", () => {
  let first = true
  const kernel = peer((message) => [acknowledged(message)], {
    fails: () => {
      const result = first ? -105 : 0
      first = false
      return result
    },
  })
  const errors = openNet(kernel).net("host", [bridge, { op: "link-set", link: 5, up: true }])
  assert.equal(
    errors.map((e) => e?.errno),
    ["ENOBUFS", undefined],
  )
  assert.equal(kernel.opened, ["host", "host"])
  assert.is(kernel.openSockets(), 1)
})

test("silence and garbage are errors, not success", () => {
  assert.is(openNet(peer(() => [])).net("host", [bridge])[0]?.errno, "ENODATA")
  assert.is(openNet(peer(() => [Buffer.from([1, 2, 3])])).net("host", [bridge])[0]?.errno, "EBADMSG")
  assert.throws(
    () => openNet(peer(() => [Buffer.from([1, 2, 3])])).dump("host"),
    (e: unknown) => e instanceof KernelError && e.errno === "EBADMSG",
  )
})

test("sequence numbers wrap", () => {
  const kernel = peer(agreeable)
  const connections = new Connections(kernel)
  connections.claim(2 ** 32 - 3)
  assert.equal(
    sendBatch(
      connections,
      "host",
      Array.from({ length: 6 }, (_, i) => address(5, i)),
    ).map((e) => e?.errno ?? 0),
    [0, 0, 0, 0, 0, 0],
  )
  assert.equal(kernel.sequences, [4294967294, 4294967295, 0, 1, 2, 3])
})

test("a dump that a change interrupted is read again, the others are not", () => {
  let interrupted = 3
  const kernel = peer((message) => {
    if (message.type !== RTM.GETLINK) return [dumpDone(message)]
    const flags = interrupted-- > 0 ? 0x12 : 0x2
    return [linkMessage(message, 1, "lo", flags), linkMessage(message, 2, "eth0", 2), dumpDone(message)]
  })
  assert.equal(
    openNet(kernel)
      .dump("host")
      .links.map((l) => l.name),
    ["lo", "eth0"],
  )
  assert.equal(kernel.sends, [[RTM.GETADDR, RTM.GETROUTE, RTM.GETLINK], [RTM.GETLINK], [RTM.GETLINK], [RTM.GETLINK]])
})

test("a namespace that never holds still is given up", () => {
  const kernel = peer((message) => [dumpDone(message, 0, 0x12)])
  assert.throws(
    () => openNet(kernel).dump("host"),
    (e: unknown) => e instanceof KernelError && e.op === "ip address show" && e.errno === "EINTR",
  )
  assert.ok(kernel.sends.length <= 62)
})

test("a socket busy with one dump is asked for the next afterwards", () => {
  const kernel = peer((message, n) => [n === 0 ? dumpDone(message) : acknowledged(message, 16)])
  assert.equal(openNet(kernel).dump("host"), { links: [], addresses: [], routes: [] })
  assert.equal(kernel.sends, [[RTM.GETADDR, RTM.GETROUTE, RTM.GETLINK], [RTM.GETROUTE, RTM.GETLINK], [RTM.GETLINK]])
})

test("a dump that does not fit gets more room, within bounds", () => {
  const rooms: number[] = []
  const kernel = peer((message) => [dumpDone(message)], {
    fails: (room) => {
      rooms.push(room)
      return room < 4_000_000 ? -105 : 0
    },
  })
  assert.equal(openNet(kernel).dump("/ns/web").links, [])
  assert.equal(rooms, [262144, 1048576, 4194304])
  assert.equal(kernel.opened, ["/ns/web", "/ns/web", "/ns/web"])
  assert.is(kernel.openSockets(), 0)
})

test("a refused dump is an error with the kernel's text", () => {
  const kernel = peer((message) => [dumpDone(message, 22)])
  assert.throws(
    () => openNet(kernel).dump("host"),
    (e: unknown) => e instanceof KernelError && e.errno === "EINVAL",
  )
  assert.throws(
    () => openNet(peer(agreeable, { missing: ["/ns/gone"] })).dump("/ns/gone"),
    (e: unknown) => e instanceof KernelError && e.errno === "ENOENT",
  )
})

test.run()
