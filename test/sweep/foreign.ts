import { mkdirSync, writeFileSync } from "node:fs"
import { hierarchies } from "../support/machine/groups.ts"
import { said } from "../support/machine/tools.ts"

const LINKS = `link add foreign0 type bridge
link add foreign1 type veth peer name foreign2
link set foreign1 alias "a foreign alias" master foreign0
link set foreign0 addrgenmode none mtu 1400 up
link set foreign1 addrgenmode none up
link set foreign2 addrgenmode none up
address add 192.0.2.1/28 dev foreign0
route add 198.51.100.0/24 via 192.0.2.2
`

/** What no stack may change: links, groups and run folders of others. */
export function makeForeign(): void {
  said(["ip", "-batch", "-"], LINKS)
  for (const top of hierarchies()) mkdirSync(`${top}/foreign`)
  mkdirSync("/run/stack/foreign/box", { recursive: true })
  writeFileSync("/run/stack/foreign/box/spec.json", '{ "version": 1 }\n')
  mkdirSync("/var/lib/stack/containers/foreign/box/upper", { recursive: true })
  writeFileSync("/var/lib/stack/containers/foreign/box/upper/kept", "kept\n")
}
