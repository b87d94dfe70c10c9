/** A container that may do with its network what a machine may: a router with the host's tools, and who lives behind it. */
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, inits, inside, live, pings, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Ran, Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
bridges: { lan: {} }
configs:
  lease: { content: 'test "$1" = bound && ip address add "$ip/24" dev "$interface" && ip route add default via "$router"' }
containers:
  gw:
    command: [sleep, infinity]
    cap_add: [NET_ADMIN, NET_RAW]
    sysctls: { net.ipv4.ip_forward: 1, net.ipv6.conf.all.forwarding: 1 }
    interfaces: { eth0: { bridge: lan, address: [10.30.0.1/24, "fd30::1/64"] } }
  client:
    command: [sleep, infinity]
    cap_add: [NET_ADMIN, NET_RAW]
    sysctls: { net.ipv6.conf.eth0.accept_ra: 2 }
    configs: [{ source: lease, target: /etc/lease, mode: 0755 }]
    # What it is given there is its own affair.
    interfaces: { eth0: { bridge: lan, ignore_drift: [address] } }
`

function run(sandbox: Sandbox, container: string, script: string): Ran {
  return expectStatus(sandbox.stack(["exec", "-p", "lab", container, "--", "sh", "-c", script]), 0)
}

scenario(
  "dnsmasq in a router gives addresses by DHCP and by router advertisements, which are no drift",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    // It puts itself into the background: what an exec leaves there lives on.
    const dnsmasq = "dnsmasq --conf-file=/dev/null --port=0 --interface=eth0 --bind-interfaces --user=root --group=root --pid-file=/tmp/pid"
    run(
      sandbox,
      "gw",
      `${dnsmasq} --dhcp-leasefile=/tmp/leases --enable-ra --dhcp-range=10.30.0.100,10.30.0.120,1h --dhcp-range=fd30::,ra-only`,
    )
    const { init } = live(sandbox, "lab", "client")
    run(
      sandbox,
      "client",
      "printf '#!/bin/sh\\n. /etc/lease\\n' >/tmp/lease; chmod +x /tmp/lease; busybox udhcpc -n -q -t 20 -i eth0 -s /tmp/lease",
    )
    assert.match(inside(init, "-n", "ip", "-4", "address", "show", "eth0").stdout, "inet 10.30.0.1")
    assert.match(inside(init, "-n", "ip", "route").stdout, "default via 10.30.0.1")
    assert.ok(pings(init, "10.30.0.1"))
    const addresses = () => inside(init, "-n", "ip", "-6", "address", "show", "eth0").stdout
    await eventually(() => addresses().includes("inet6 fd30::"), "an address by router advertisement")
    assert.match(inside(init, "-n", "ip", "-6", "route").stdout, /default via fe80::.* proto ra/)
    const shown = expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout
    assert.match(shown, /^client:eth0 +up .* 10\.30\.0\.1\d\d\/24 fd30::[0-9a-f:]+\/64 /m)
    // The host, which is on the same bridge, takes neither.
    assert.not.match(expectStatus(sandbox.run(["ip", "-6", "address", "show", "lab-lan"]), 0).stdout, "fd30::")
    assert.not.match(expectStatus(sandbox.run(["ip", "-6", "route", "show"]), 0).stdout, /proto ra/)
    expectConverged(sandbox, file)
    assert.is(run(sandbox, "gw", "kill -0 $(cat /tmp/pid) && echo alive").stdout, "alive\n")
  },
  ["dnsmasq", "busybox"],
)

scenario(
  "ip, bridge, tc, iptables and nft work in a container as on a machine of its own, and pipelines through exec",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    run(
      sandbox,
      "gw",
      "ip link add br0 type bridge && ip link add v0 type veth peer name v1 && ip link set v0 master br0 up && ip link set br0 up",
    )
    assert.match(run(sandbox, "gw", "bridge link show | grep -c v0").stdout, "1")
    run(sandbox, "gw", "tc qdisc add dev br0 root tbf rate 1mbit burst 5000 latency 10ms && tc qdisc show dev br0 | grep -q tbf")
    run(sandbox, "gw", "iptables-nft -t nat -A POSTROUTING -s 10.30.0.0/24 -j MASQUERADE && iptables-nft -t nat -S | grep -q MASQUERADE")
    run(
      sandbox,
      "gw",
      "ip rule add from 10.99.0.0/16 table 9 && ip route add 10.98.0.0/16 dev br0 && ip neigh add 10.30.0.9 lladdr 02:00:00:00:00:09 dev eth0",
    )
    assert.is(run(sandbox, "gw", "seq 1 100000 | grep 7 | sort -r | head -n 1").stdout, "99997\n")
    run(sandbox, "gw", "nohup sleep 1000 >/dev/null 2>&1 & echo $! >/tmp/pid")
    assert.is(run(sandbox, "gw", "kill -0 $(cat /tmp/pid) && echo alive").stdout, "alive\n")
    // What it makes there itself is its own affair.
    expectConverged(sandbox, file)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  },
  ["tc", "iptables-nft"],
)

/** Two links, with parameters of their own beside those of all. */
const PARAMETERS = (eth0: string, more = "") => `
name: lab
bridges: { lan: { address: 10.20.0.1/24 }, wan: {} }
containers:
  r1:
    command: [sleep, infinity]
    sysctls:
      net.ipv4.conf.eth0.forwarding: 0
      net.ipv4.conf.eth0.rp_filter: 2
      net.ipv4.conf.all.accept_redirects: 1
      net.ipv4.ip_forward: 1
      net.ipv6.conf.all.forwarding: 1
      net.ipv6.conf.eth0.forwarding: 0
      net.ipv6.conf.eth0.accept_ra: 2
      ${more}
    interfaces: { ${eth0} }
`

scenario("parameters of one link hold beside those of all, whatever is changed by hand, and on a link that is made anew", (sandbox) => {
  const file = sandbox.file("stack.yaml", PARAMETERS("eth0: { bridge: lan, address: 10.20.0.2/24 }"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const before = inits(sandbox, "lab")
  const hand = (words: string) => expectStatus(inside(before.r1 as number, "-n", "sh", "-c", words), 0)
  const value = (name: string) => hand(`cat /proc/sys/net/${name}`).stdout.trim()
  const all = () =>
    [
      "ipv4/conf/eth0/forwarding",
      "ipv4/conf/eth0/rp_filter",
      "ipv4/ip_forward",
      "ipv6/conf/eth0/forwarding",
      "ipv6/conf/eth0/accept_ra",
    ].map(value)
  const wanted = ["0", "2", "1", "0", "2"]
  assert.equal(all(), wanted)
  for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/eth0/rp_filter", "ipv6/conf/eth0/accept_ra"]) {
    hand(`echo 0 >/proc/sys/net/${name}`)
    assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, `sysctls.net.${name.replaceAll("/", ".")}: 0 -> `)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(all(), wanted, name)
  }
  // Lost by hand, and replaced by the plan's own doing.
  hand("ip link del eth0")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(all(), wanted)
  hand("ip link add low type bridge && ip link del low")
  expectStatus(sandbox.stack(["apply", "-y", "-f", file, "--replace", "interface.r1.eth0"]), 0)
  expectConverged(sandbox, file)
  assert.equal(all(), wanted)

  sandbox.file(
    "stack.yaml",
    PARAMETERS("eth0: { bridge: lan, address: 10.20.0.2/24 }, eth1.7: { bridge: wan }", "net.ipv4.conf.eth1/7.rp_filter: 1"),
  )
  assert.equal(verdicts(planOf(sandbox, file)), ["update container.r1", "create interface.r1.eth1.7"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(value("ipv4/conf/eth1.7/rp_filter"), "1")
  hand("ip link del eth1.7")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(value("ipv4/conf/eth1.7/rp_filter"), "1")

  // Called otherwise in the file, the link goes, and with it the parameter that is to go back to what it was.
  sandbox.file(
    "stack.yaml",
    PARAMETERS("eth0: { bridge: lan, address: 10.20.0.2/24 }, eth1.8: { bridge: wan }", "net/ipv4/conf/eth1.8/rp_filter: 1"),
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  sandbox.file("stack.yaml", PARAMETERS("eth0: { bridge: lan, address: 10.20.0.2/24 }"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(inits(sandbox, "lab"), before)
})

test.run()
