/** No noise: what the kernel makes of a value, and what it adds by itself, is no difference; whatever the spelling. */
import * as assert from "uvu/assert"
import { apply, expectConverged, inits, inside, ipIn, planOf, scenario, test, verdicts } from "../../support/lab.ts"

/** The same stack twice: written with few words, and with all of them, otherwise ordered and otherwise spelt. */
const TERSE = `name: lab
bridges:
  lan: { address: [10.20.0.1/24, "fd20::1/64"], ageing_time: 17 }
  wan: { address: 10.30.0.1/28, mtu: 9000, stp: true, mac: 02:0a:00:00:00:0b }
idmaps: { box: { uid: ["0 300000 65536"] } }
cgroups:
  tier: { limits: { memory: 256M, cpus: 0.5, pids: 500 } }
containers:
  web:
    command: sleep infinity
    environment: { A: 1, B: two words }
    labels: [tier=front]
    cgroup: tier
    limits: { memory: 67108863, memory_swap: 5000, cpus: 0.333333, cpuset: "0", pids: 64, cpu_weight: 100 }
    interfaces:
      eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], gateway: [10.20.0.1, "fd20::1"] }
      eth1: { bridge: wan, address: 10.30.0.2/28, mtu: 1400 }
      eth1.10: { bridge: wan }
    routes:
      - { to: 10.9.0.0/16, via: 10.20.0.254 }
      - { to: "fd99::/48", via: "fd20::fe" }
    sysctls:
      net.ipv4.ip_local_port_range: 2000   3000
      kernel.sem: 250 32000 32 128
      net.ipv4.neigh.eth0.base_reachable_time_ms: 30001
      net.ipv4.ip_local_reserved_ports: 2100,2003-2004,2001-2002
      net.ipv4.conf.eth1/10.rp_filter: 2
      net/ipv6/conf/eth1.10/accept_ra: 0
  db: { command: [sleep, infinity], idmap: box, depends_on: [web], interfaces: { eth0: { bridge: lan, address: auto } } }
veths:
  core: { endpoints: [ "web:eth7", "db:eth7" ] }
  uplink: { endpoints: [ { container: db, interface: eth8, address: 10.2.0.2/30 }, { container: host, interface: lab-up, address: 10.2.0.1/30 } ] }
`

const WORDY = `x-sleeper: &sleeper { command: "'sleep' infinity", image: host, working_dir: /./, user: 0 }
veths:
  uplink: { mtu: 1500, endpoints: [ { interface: lab-up, container: host, up: true, address: [10.2.0.1/30] }, { container: db, interface: eth8, address: [10.2.0.2/30] } ] }
  core: { mtu: 0x5dc, endpoints: [ { container: db, interface: eth7 }, { container: web, interface: eth7, up: true } ] }
containers:
  db: { <<: *sleeper, hostname: db, idmap: { gid: ["0 300000 65536"], uid: [ { size: 65536, hostID: 300000, containerID: 0 } ] }, depends_on: { web: { condition: service_started } }, interfaces: { eth0: { address: [auto], bridge: lan, mtu: 1500, up: true } } }
  web:
    <<: *sleeper
    limits: { pids: 64, cpuset: 0, cpus: "0.333333", memory_swap: 5000, memory: "67108863" }
    namespaces: { user: new, net: new, uts: new }
    cgroup: tier
    labels: { tier: front }
    environment: [ B=two words, A=1 ]
    sysctls: { "net/ipv4/ip_local_port_range": "0x7d0\\t3000 ", kernel/sem: " 250   32000 32\\t128", "net.ipv4.neigh.eth0.base_reachable_time_ms": 30001, net.ipv4.ip_local_reserved_ports: "2001-2004,2100", "net/ipv4/conf/eth1.10/rp_filter": 0x2, "net.ipv6.conf.eth1/10.accept_ra": 0 }
    routes: [ { via: "FD20:0::FE", to: "fd99:0:0::/48", metric: 1024 }, { via: 10.20.0.254, to: 10.9.0.0/16, dev: eth0 } ]
    interfaces:
      eth1.10: { bridge: wan, mtu: 9000 }
      eth1: { mtu: 1400, address: [10.30.0.2], bridge: wan }
      eth0: { gateway: ["fd20:0:0::1", 10.20.0.1], bridge: lan, address: ["FD20:0000::0002", 10.20.0.2] }
cgroups: { tier: { limits: { pids: 500, cpus: .5, memory: "262144 KiB", memory_low: 0 } } }
idmaps: { box: { uid: [ "u 0 300000 65536" ] } }
bridges:
  wan: { mac: 02-A-0-0-0-B, stp: true, mtu: 9000, address: [10.30.0.1/28], interface: lab-wan, ageing_time: 300 }
  lan: { ageing_time: 0x11, stp: false, vlan_filtering: false, mtu: 1500, address: ["FD20:0:0:0::1/64", 10.20.0.1/24] }
name: lab
`

scenario("applied in either spelling, the plan of the other is empty", (sandbox) => {
  const files = [sandbox.file("terse.yaml", TERSE), sandbox.file("wordy.yaml", WORDY)]
  for (const [first, other] of [files, [...files].reverse()] as [string, string][]) {
    apply(sandbox, first)
    for (const file of [other, first]) assert.equal(verdicts(planOf(sandbox, file)), [])
    const dotted = inside(Number(inits(sandbox, "lab").web), "-n", "cat", "/proc/sys/net/ipv4/conf/eth1.10/rp_filter")
    assert.is(dotted.stdout, "2\n")
    assert.is(sandbox.stack(["destroy", "-y", "-f", first]).status, 0)
  }
})

scenario("what the kernel adds to links by itself is no difference", (sandbox) => {
  const file = sandbox.file("stack.yaml", TERSE)
  apply(sandbox, file)
  const web = Number(inits(sandbox, "lab").web)
  // Duplicate address detection ends, neighbours are learned, and the bridge learns where its ports lead.
  sandbox.run(["ping", "-c2", "-i0.3", "-W1", "10.20.0.2"])
  sandbox.run(["ping", "-6", "-c2", "-i0.3", "-W1", "fd20::2"])
  const own = ipIn(web, "address", "show", "dev", "eth0")[0].addr_info.filter((a: { scope: string }) => a.scope === "link")
  assert.ok(own.length > 0, "the kernel has given it a link-local address")
  expectConverged(sandbox, file)
  for (const discipline of ["fq_codel", "pfifo_fast"]) sandbox.run(["tc", "qdisc", "replace", "dev", "lab-web-eth0", "root", discipline])
  expectConverged(sandbox, file)
})

test.run()
