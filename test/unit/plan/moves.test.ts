import { test } from "uvu"
import * as assert from "uvu/assert"
import { destination, movesOf, pendingMoves } from "../../../src/model/moves.ts"
import { container, iface } from "../../kinds/resources.ts"

const moves = (...pairs: string[]) => pairs.map((pair) => ({ from: pair.split(" ")[0] as string, to: pair.split(" ")[1] as string }))

test("an address goes along all entries; an interface with its container, a replica with all of them", () => {
  const all = movesOf({
    moved: moves(
      "container.a container.b",
      "container.b container.c",
      "interface.c.eth0 interface.c.lan0",
      "interface.p.eth0 interface.p.up",
      "container.d container.e[1]",
    ),
  })
  const end = (address: string) => destination(all, address)
  assert.is(end("container.a"), "container.c")
  assert.is(end("container.a[2]"), "container.c[2]")
  assert.is(end("interface.a.eth0"), "interface.c.lan0")
  assert.is(end("interface.b.eth1.5"), "interface.c.eth1.5")
  assert.is(end("interface.p[3].eth0"), "interface.p[3].up")
  assert.is(end("container.d"), "container.e[1]")
  assert.is(end("container.d[0]"), "container.d[0]")
  assert.is(end("bridge.a"), "bridge.a")
})

function pending(moved: ReturnType<typeof moves>, wanted: string[], live: string[]): { [from: string]: string } {
  const resources = wanted.map((address) => {
    const name = address.slice(address.indexOf(".") + 1)
    return address.startsWith("interface.") ? iface(name) : container(name)
  })
  return Object.fromEntries(pendingMoves({ resources, moved }, new Set(live)).moves)
}

test("what is wanted at the end of a move, and not live there, is moved", () => {
  const one = moves("container.www container.web")
  assert.equal(pending(one, ["container.web"], ["container.www"]), { "container.www": "container.web" })
  assert.equal(pending(one, [], ["container.www"]), {})
  assert.equal(pending(one, ["container.web"], ["container.web"]), {})
  assert.equal(pending(one, ["container.web"], ["container.www", "container.web"]), {})
  assert.equal(pending(one, ["container.web"], ["container.www", "interface.www.eth0"]), {
    "container.www": "container.web",
    "interface.www.eth0": "interface.web.eth0",
  })
})

test("number 0 may have been without a number, and the other way round", () => {
  const one = moves("container.www container.web")
  assert.equal(pending(one, ["container.web[0]", "container.web[1]"], ["container.www"]), { "container.www": "container.web[0]" })
  assert.equal(pending(one, ["container.web"], ["container.www[0]", "container.www[1]"]), { "container.www[0]": "container.web" })
})

test("of a chain the nearer one takes the place, and the other is told of", () => {
  const chain = moves("container.a container.b", "container.b container.c")
  const found = pendingMoves({ resources: [container("c")], moved: chain }, new Set(["container.a", "container.b"]))
  assert.equal([...found.moves], [["container.b", "container.c"]])
  assert.equal(found.blocked, [{ from: "container.a", to: "container.c" }])
})

test("entries in a circle, as a damaged plan may hold them, come to an end", () => {
  const circle = movesOf({ moved: moves("container.a container.b", "container.b container.a") })
  assert.match(destination(circle, "container.a"), /^container\.[ab]$/)
})

test.run()
