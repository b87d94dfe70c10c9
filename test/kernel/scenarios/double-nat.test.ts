/** The lab of stacks/double-nat behind a provider, with an internet of the test's own; and servers that people run, behind published ports. */
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { answering, asked, fetched } from "../../support/answerer.ts"
import { apply, expectConverged, expectStatus, inits, inside, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const STACK = fileURLToPath(new URL("../../../stacks/double-nat/stack.yaml", import.meta.url))

/** A host beyond this one, 192.0.2.2, which knows the way to 192.0.2.1 alone, and answers. */
function internet(sandbox: Sandbox): (command: string[]) => ReturnType<Sandbox["run"]> {
  const script = `ip netns add internet
    ip link add up0 type veth peer name net0 netns internet
    ip addr add 192.0.2.1/24 dev up0; ip link set up0 up
    ip -n internet addr add 192.0.2.2/24 dev net0; ip -n internet link set net0 up; ip -n internet link set lo up`
  expectStatus(sandbox.run(["bash", "-ec", script]), 0)
  sandbox.start(["ip", "netns", "exec", "internet", ...JSON.parse(answering("internet", "80/tcp", "53/udp"))])
  return (command) => sandbox.run(["ip", "netns", "exec", "internet", ...command])
}

scenario(
  "a home behind two translations reaches the internet, and a server in it is reached through both",
  (sandbox) => {
    const outside = internet(sandbox)
    apply(sandbox, STACK)
    expectConverged(sandbox, STACK)
    const { pc = 0, router = 0 } = inits(sandbox, "double-nat")
    const atHome = (command: string[]) => inside(pc, "-n", ...command)
    assert.is(asked(atHome, "192.0.2.2", 80), "internet 192.0.2.1 80")
    assert.is(asked(atHome, "192.0.2.2", 53, "udp"), "internet 192.0.2.1 53")
    const host = (command: string[]) => sandbox.run(command)
    assert.is(fetched(host, "http://127.0.0.1:8080/"), "at home\n")
    assert.is(fetched(host, "http://192.0.2.1:8080/"), "at home\n")
    assert.is(fetched(outside, "http://192.0.2.1:8080/"), "at home\n")
    assert.match(inside(router, "-n", "nft", "list", "ruleset").stdout, "masquerade")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", STACK]), 0)
    assert.is(sandbox.run(["nft", "list", "ruleset"]).stdout, "")
  },
  ["nft", "python3", "busybox"],
)

scenario(
  "traceroute shows every hop of it",
  (sandbox) => {
    internet(sandbox)
    apply(sandbox, STACK)
    const { pc = 0 } = inits(sandbox, "double-nat")
    assert.ok(asked((command) => inside(pc, "-n", ...command), "192.0.2.2", 80) !== undefined)
    const { stdout } = expectStatus(inside(pc, "-n", "traceroute", "-n", "-q", "1", "-m", "5", "-w", "5", "192.0.2.2"), 0)
    const hops = stdout.split("\n").flatMap((line) => /^ *\d+ +(\S+)/.exec(line)?.[1] ?? [])
    assert.equal(hops, ["192.168.1.1", "10.80.0.1", "192.0.2.2"])
  },
  ["nft", "python3", "busybox", "traceroute"],
)

const PROVIDER = `
name: isp
bridges:
  isp: { address: 100.64.0.254/24 }
  home: {}
containers:
  router:
    command: [sh, -c, "nft add table nat; nft 'add chain nat post { type nat hook postrouting priority 100; }'; nft add rule nat post oifname wan masquerade; exec sleep infinity"]
    cap_add: [NET_ADMIN]
    sysctls: { net.ipv4.ip_forward: 1 }
    interfaces:
      wan: { bridge: isp, address: 100.64.0.2/24, gateway: 100.64.0.254 }
      lan: { bridge: home, address: 192.168.1.1/24 }
  pc:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: home, address: 192.168.1.2/24, gateway: 192.168.1.1 } }
  web:
    command: ${answering("web", "80/tcp")}
    interfaces: { eth0: { bridge: isp, address: 100.64.0.3/24, gateway: 100.64.0.254 } }
    ports: ["80:80"]
`

scenario(
  "what a home sends to the host's address passes its router: no published port takes it from the bridge before, though bridges are filtered",
  (sandbox) => {
    sandbox.run(["sh", "-c", "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables"])
    const file = sandbox.file("stack.yaml", PROVIDER)
    apply(sandbox, file)
    const { pc = 0, web = 0 } = inits(sandbox, "isp")
    const atHome = (command: string[]) => inside(pc, "-n", ...command)
    assert.is(asked(atHome, "100.64.0.3", 80), "web 100.64.0.2 80")
    assert.is(asked(atHome, "100.64.0.254", 80), "web 100.64.0.254 80")
    // Who sends it by the host itself is led there as ever.
    assert.is(
      asked((command) => inside(web, "-n", ...command), "100.64.0.254", 80),
      "web 100.64.0.254 80",
    )
    expectConverged(sandbox, file)
  },
  ["nft", "python3"],
)

const SERVERS = `
name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
configs:
  nginx:
    content: |
      daemon off; pid /tmp/pid; error_log stderr;
      events {}
      http { access_log off; server { listen 80; location / { return 200 "from $$remote_addr\\n"; } } }
containers:
  web:
    command: [nginx, -c, /nginx]
    tmpfs: [/var/lib/nginx, /var/log/nginx]
    configs: [{ source: nginx, target: /nginx }]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24, gateway: 10.20.0.1 } }
    ports: ["8080:80"]
  speed:
    command: [iperf3, -s]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.3/24, gateway: 10.20.0.1 } }
    ports: ["5201:5201", "5201:5201/udp"]
`

scenario(
  "nginx and iperf3 serve through published ports",
  (sandbox) => {
    const outside = internet(sandbox)
    const file = sandbox.file("stack.yaml", SERVERS)
    apply(sandbox, file)
    const patiently = (words: string) => ["sh", "-c", `for i in 1 2 3 4 5 6 7 8 9; do ${words} && exit 0; sleep 0.5; done; exit 1`]
    assert.is(fetched(outside, "http://192.0.2.1:8080/"), "from 192.0.2.2\n")
    const measured = outside(patiently("iperf3 -c 192.0.2.1 -t 1 --json"))
    assert.ok(JSON.parse(expectStatus(measured, 0).stdout).end.sum_received.bits_per_second > 1e6)
    const udp = outside(patiently("iperf3 -u -b 1M -c 192.0.2.1 -t 1 --json"))
    assert.ok(JSON.parse(expectStatus(udp, 0).stdout).end.sum.packets > 0)
    expectConverged(sandbox, file)
  },
  ["nft", "nginx", "iperf3", "python3"],
)

test.run()
