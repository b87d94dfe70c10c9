import * as assert from "uvu/assert"
import { answering, asked } from "../../support/answerer.ts"
import { apply, expectConverged, expectStatus, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const NEEDS = ["nft", "python3"]

function lab(name: string, subnet: number, ports: string): string {
  return `
name: ${name}
bridges: { lan: { address: 10.${subnet}.0.1/24 } }
containers:
  web:
    command: ${answering(name, "80/tcp")}
    interfaces: { eth0: { bridge: lan, address: auto, gateway: 10.${subnet}.0.1 } }
    ports: ${ports}
`
}

function plan(sandbox: Sandbox, file: string, status: number): string {
  return expectStatus(sandbox.stack(["plan", "-f", file]), status).stderr
}

function nft(sandbox: Sandbox, input: string): void {
  expectStatus(sandbox.run(["nft", "-f", "-"], { input }), 0)
}

scenario(
  "a port that a socket of the host is taken by is told, with its process; one that comes after the apply is a warning",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("lab", 20, '["8080:80"]'))
    const server = `/usr/bin/python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 8080)); time.sleep(999)'`
    const waiting = (how: string) => `while ${how} grep -q 0100007F:1F90 /proc/net/tcp; do sleep 0.02; done`
    const listen = () => expectStatus(sandbox.run(["sh", "-c", `${server} >/dev/null 2>&1 & echo $!; ${waiting("!")}`]), 0).stdout.trim()
    const pid = listen()
    const told = plan(sandbox, file, 1)
    assert.match(told, /error: port 8080\/tcp of the host is taken by python3 \(process \d+\)/)
    assert.match(told, "stack.yaml:8:13")
    expectStatus(sandbox.run(["sh", "-c", `kill -KILL ${pid}; ${waiting("")}`]), 0)
    apply(sandbox, file)
    listen()
    assert.match(plan(sandbox, file, 0), /warning: port 8080\/tcp of the host is taken by python3/)
    expectConverged(sandbox, file)
    // A port of another address or protocol is another one.
    const other = sandbox.file("other.yaml", lab("other", 21, '["192.0.2.1:8080:80", "8080:80/udp"]').replace("lab", "other"))
    sandbox.run(["ip", "addr", "add", "192.0.2.1/24", "dev", "lo"])
    assert.match(plan(sandbox, other, 1), "192.0.2.1:8080/tcp of the host is taken by stack lab, which publishes it")
  },
  NEEDS,
)

scenario(
  "two stacks publish beside each other, and neither what the other has; an address that the host has not is told",
  (sandbox) => {
    const one = sandbox.file("one.yaml", lab("one", 20, '["8080:80"]'))
    const two = sandbox.file("two.yaml", lab("two", 21, '["8081:80"]'))
    const ask = (port: number) => asked((command) => sandbox.run(command), "127.0.0.1", port)
    apply(sandbox, one)
    const before = sandbox.run(["nft", "list", "table", "ip", "stack_one"]).stdout
    apply(sandbox, two)
    assert.equal([ask(8080), ask(8081)], ["one 10.20.0.1 80", "two 10.21.0.1 80"])
    assert.is(sandbox.run(["nft", "list", "table", "ip", "stack_one"]).stdout, before)
    sandbox.file("two.yaml", lab("two", 21, '["8081:80", "127.0.0.1:8080:80"]'))
    assert.match(plan(sandbox, two, 1), "error: port 127.0.0.1:8080/tcp of the host is taken by stack one, which publishes it")
    sandbox.file("two.yaml", lab("two", 21, '["198.51.100.7:8080:80"]'))
    assert.match(plan(sandbox, two, 1), "error: 198.51.100.7 is no address of this host")
    sandbox.file("two.yaml", lab("two", 21, '["8081:80"]'))
    expectStatus(sandbox.stack(["destroy", "-y", "-f", one]), 0)
    assert.equal([ask(8080), ask(8081)], [undefined, "two 10.21.0.1 80"])
    expectConverged(sandbox, two)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", two]), 0)
    assert.is(sandbox.run(["nft", "list", "ruleset"]).stdout, "")
    assert.is(sandbox.run(["cat", "/proc/sys/net/ipv4/ip_forward"]).stdout, "0\n")
  },
  NEEDS,
)

const FIREWALL = `
table inet fw {
  chain in { type filter hook input priority 0; policy accept; counter; }
  chain pass { type filter hook forward priority 0; policy drop; counter ct state established,related accept; }
}
`

scenario(
  "a firewall of others that drops what is passed on is told, with what its owner has to add, and left alone",
  (sandbox) => {
    const script = `ip netns add outside
      ip link add up0 type veth peer name net0 netns outside
      ip addr add 192.0.2.1/24 dev up0; ip link set up0 up
      ip -n outside addr add 192.0.2.2/24 dev net0; ip -n outside link set net0 up`
    expectStatus(sandbox.run(["bash", "-ec", script]), 0)
    const outside = () => asked((command) => sandbox.run(["ip", "netns", "exec", "outside", ...command]), "192.0.2.1", 8080, "tcp", 1)
    const listed = () => sandbox.run(["nft", "-s", "list", "table", "inet", "fw"]).stdout
    nft(sandbox, FIREWALL)
    const before = listed()
    const file = sandbox.file("stack.yaml", lab("lab", 20, '["8080:80"]'))
    const told = plan(sandbox, file, 0)
    assert.match(told, "warning: chain pass of table inet fw (hook forward, policy drop) lets nothing pass")
    assert.match(told, "`nft insert rule inet fw pass iifname lab-lan accept` and `nft insert rule inet fw pass oifname lab-lan accept`")
    const doctor = expectStatus(sandbox.stack(["doctor", "-f", file]), 0)
    assert.match(doctor.stderr, "warning: chain pass of table inet fw (hook forward, policy drop)")
    apply(sandbox, file)
    assert.is(
      asked((command) => sandbox.run(command), "127.0.0.1", 8080),
      "lab 10.20.0.1 80",
    )
    assert.is(outside(), undefined)
    assert.is(listed(), before)
    for (const side of ["iifname", "oifname"])
      expectStatus(sandbox.run(["nft", "insert", "rule", "inet", "fw", "pass", side, "lab-lan", "accept"]), 0)
    assert.is(outside(), "lab 192.0.2.2 80")
    assert.is(plan(sandbox, file, 0), "")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    nft(sandbox, "flush chain inet fw pass; add rule inet fw pass counter ct state established,related accept")
    assert.is(listed(), before)
  },
  NEEDS,
)

scenario(
  "of an isolated bridge that a firewall of others drops it is the bridge itself that is named, whatever the others are called and allowed",
  (sandbox) => {
    const text = lab("lab", 20, '["8080:80"]').replace(
      "} }\ncontainers",
      ", isolated: true }, outer: { address: 10.21.0.1/24, nat: true } }\ncontainers",
    )
    const file = sandbox.file("stack.yaml", text)
    nft(sandbox, FIREWALL)
    const allow = (link: string) =>
      nft(sandbox, ["iif", "oif"].map((side) => `insert rule inet fw pass ${side}name ${link} accept`).join("\n"))
    const told = plan(sandbox, file, 0)
    assert.match(told, "none of them names lab-lan\n")
    assert.match(told, "none of them names lab-outer\n")
    assert.match(told, "`nft insert rule inet fw pass iifname lab-lan accept`")
    allow("lab-outer")
    assert.match(plan(sandbox, file, 0), "none of them names lab-lan\n")
    allow("lab-lan")
    assert.is(plan(sandbox, file, 0), "")
  },
  NEEDS,
)

scenario(
  "docker's own chain for rules of others is named where there is one",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("lab", 20, '["8080:80"]'))
    nft(
      sandbox,
      "table ip filter { chain DOCKER-USER { return; }\n chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER\n }\n }\n",
    )
    assert.match(
      plan(sandbox, file, 0),
      "`iptables -I DOCKER-USER -i lab-lan -j ACCEPT` and `iptables -I DOCKER-USER -o lab-lan -j ACCEPT`",
    )
    nft(sandbox, "delete table ip filter\ntable ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }\n }\n")
    assert.match(plan(sandbox, file, 0), "`iptables -I FORWARD -i lab-lan -j ACCEPT`")
    // Another family's is no concern of this stack's.
    nft(sandbox, "delete table ip filter\ntable ip6 filter { chain FORWARD { type filter hook forward priority 0; policy drop; }\n }\n")
    assert.is(plan(sandbox, file, 0), "")
  },
  NEEDS,
)

test.run()
