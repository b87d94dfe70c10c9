import { readFileSync, readlinkSync, statSync } from "node:fs"
import { inits, live } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** What makes each object of the stack the one it is, by the address of its resource. */
export interface Identities {
  [address: string]: string
}

/** Processes by pid and start time, namespaces by inode, groups by inode, links by index: read with `ip` and in /proc. */
export function identitiesOf(sandbox: Sandbox): Identities {
  const names = Object.keys(inits(sandbox, "lab"))
  const containers = names.map((name) => [`container.${name}`, processIdentity(sandbox, name)])
  const groups = ["tier", "bare"].map((name) => [`cgroup.${name}`, groupIdentity(sandbox, name)])
  return Object.fromEntries([...containers, ...groups, ...Object.entries(linkIdentities(sandbox, names))])
}

function processIdentity(sandbox: Sandbox, name: string): string {
  const { monitor, init } = live(sandbox, "lab", name)
  const start = (pid: number) =>
    readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[19]
  const spaces = ["net", "uts", "ipc", "mnt", "user"].map((kind) => readlinkSync(`/proc/${init}/ns/${kind}`))
  return [...[monitor, init].map((pid) => `${pid} since ${start(pid)}`), ...spaces].join(" ")
}

/** Of a container's identity what a restart leaves: what hangs on its monitor, not on its process. */
export function keptByRestart(identity: string): string {
  return identity
    .split(" ")
    .filter((word) => /^(net|uts|ipc|user):/.test(word))
    .join(" ")
}

function groupIdentity(sandbox: Sandbox, name: string): string {
  const inodes = sandbox.groups.map(({ folder }) => statSync(`${folder}/stack/lab/${name}`, { throwIfNoEntry: false })?.ino ?? "-")
  return inodes.join(" ")
}

/** The links of the matrix's stack, by place and name. */
const LINKS: { readonly [address: string]: readonly string[] } = {
  "bridge.lan": ["host/lab-lan"],
  "bridge.spare": ["host/lab-spare"],
  "interface.web.eth0": ["host/lab-web-eth0", "web/eth0"],
  "interface.db.eth0": ["host/lab-db-eth0", "db/eth0"],
  "veth.core": ["web/eth1", "db/eth1"],
  "veth.uplink": ["web/up0", "host/web-up0"],
}

function linkIdentities(sandbox: Sandbox, names: readonly string[]): Identities {
  const script = names.map((name) => `echo; nsenter --net=/proc/${live(sandbox, "lab", name).init}/ns/net ip -j link`)
  const texts = sandbox
    .run(["sh", "-c", ["ip -j link", ...script].join(";")])
    .stdout.split("\n")
    .filter(Boolean)
  const found = new Map<string, number>()
  for (const [i, text] of texts.entries()) {
    for (const { ifname, ifindex } of JSON.parse(text) as { ifname: string; ifindex: number }[])
      found.set(`${["host", ...names][i]}/${ifname}`, ifindex)
  }
  return Object.fromEntries(
    Object.entries(LINKS).map(([address, spots]) => [address, spots.map((spot) => found.get(spot) ?? "-").join(" ")]),
  )
}
