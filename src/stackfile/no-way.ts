import type { WishedPort } from "../kinds/nat/expand-ports.ts"
import type { DraftBridge, DraftContainer } from "./resolve.ts"
import { bridgeOf, familiesOn } from "./ways.ts"

/** Says why no interface of a container can be reached by a port of the host. */
export function explainNoWay({ published, path }: WishedPort, container: DraftContainer, bridges: readonly DraftBridge[]): void {
  const { entry, interfaces, attributes } = container
  const on = interfaces.flatMap((one) => {
    const bridge = bridgeOf(one, bridges)
    return bridge === undefined ? [] : [{ one, bridge }]
  })
  const say = (summary: string, hint: string) => entry.report(path, "port-without-way", summary, { hint })
  const { net } = attributes.namespaces
  if (net !== "new") {
    const whose = net === "host" ? "the host's" : `that of ${net.replace(":", " ")}`
    say(
      `\`ports\` says nothing where the network namespace is ${whose}`,
      net === "host" ? "take it out: what listens there is reached without" : "write it on the container whose network it is",
    )
    return
  }
  if (on.length === 0) {
    // A mistaken bridge has been told already.
    if (interfaces.some(({ attributes: its }) => its.link === undefined)) return
    say(
      `${entry.address} is on no bridge, by which a port of the host would lead into it`,
      "give it an interface on a bridge with an address: `interfaces: { eth0: { bridge: lan } }`",
    )
    return
  }
  const open = on.filter(({ bridge }) => bridge.value.internal !== true)
  if (open.length === 0) {
    say(
      `${entry.address} is on no bridge but ${list(on)}, which is internal: no port of the host leads there`,
      "take out `internal`, or give it an interface on another bridge",
    )
    return
  }
  const family = published.host === "" ? "addresses of one family" : `an ${published.host.includes(":") ? "IPv6" : "IPv4"} address each`
  const [addressless] = open.filter(({ one, bridge }) => familiesOn(one, bridge).length === 0)
  if (open.some(({ one }) => !one.placed)) return
  say(
    `${entry.address} and ${list(open)} have not ${family}, by which a port of the host would lead into it`,
    addressless === undefined
      ? "publish it at an address of the family they have"
      : "give both the bridge and the interface an address: `address: 10.20.0.1/24`, and `address: auto`",
  )
}

function list(on: readonly { bridge: DraftBridge }[]): string {
  return on.map(({ bridge }) => bridge.entry.address).join(", ")
}
