import type { ChildProcess } from "node:child_process"
import { expectStatus } from "../support/lab.ts"
import type { Sandbox } from "../support/sandbox.ts"

/** Behind the NAT: on a network of its own, which the host is on. */
export const SERVER_BEHIND = "198.51.100.2"
const PATIENCE_MS = 5000

function shell(sandbox: Sandbox, script: string): void {
  expectStatus(sandbox.run(["sh", "-ec", script]), 0)
}

/** What the stack has, by iproute2: a bridge on the host, and namespaces `box` and `server` on it. */
export function layBridge(sandbox: Sandbox): void {
  const ends = [
    ["box", "10.77.0.2/24"],
    ["server", "10.77.0.3/24"],
  ].map(
    ([name, address]) => `ip netns add ${name}
ip link add v-${name} type veth peer name eth0 netns ${name}
ip link set v-${name} master lan up
ip -n ${name} address add ${address} dev eth0
ip -n ${name} link set lo up
ip -n ${name} link set eth0 up
`,
  )
  shell(
    sandbox,
    `ip link add lan type bridge; ip address add 10.77.0.1/24 dev lan; ip link set lan up
${ends.join("")}ip -n box route add default via 10.77.0.1`,
  )
}

/** A namespace `behind` that knows no way back to the bridge's network; `masquerade`: with the rule that lets what comes from there be answered. */
export function layNat(sandbox: Sandbox, masquerade: boolean): void {
  const rules = `table ip hand {
  chain post {
    type nat hook postrouting priority srcnat
    ip saddr 10.77.0.0/24 oifname != "lan" masquerade
  }
}`
  if (masquerade) shell(sandbox, `echo '${rules}' | nft -f -; echo 1 > /proc/sys/net/ipv4/ip_forward`)
  shell(
    sandbox,
    `ip netns add behind; ip link add uplink type veth peer name eth0 netns behind
ip address add 198.51.100.1/24 dev uplink; ip link set uplink up
ip -n behind address add ${SERVER_BEHIND}/24 dev eth0; ip -n behind link set lo up; ip -n behind link set eth0 up`,
  )
}

/** `iperf3 -s` in one of these namespaces, once it listens. */
export async function server(sandbox: Sandbox, namespace: string): Promise<ChildProcess> {
  const started = sandbox.start(["ip", "netns", "exec", namespace, "iperf3", "-s", "--forceflush"])
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`iperf3 -s does not listen after ${PATIENCE_MS} ms`)), PATIENCE_MS)
    started.stdout.on("data", (text: Buffer) => {
      if (!text.includes("listening")) return
      clearTimeout(late)
      resolve()
    })
  })
  return started
}
