/** Of packets of UDP that come on and on the kernel remembers whom the first was sent to: a port that leads elsewhere by now is to hold for them, too. */
import * as assert from "uvu/assert"
import { answering } from "../../support/answerer.ts"
import { apply, expectConverged, expectStatus, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const NEEDS = ["nft", "python3"]

/** Asks from the same port each time, as a program does that goes on: what answers, or "". The first answer may be long in coming. */
const CLIENT = `
import socket, sys
host, port, own, attempts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as peer:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    peer.bind(("", own))
    peer.settimeout(0.2)
    for attempt in range(attempts):
        try:
            peer.sendto(b"?", (host, port))
            print(peer.recv(100).decode().split()[0], end="")
            break
        except OSError:
            pass
`

function lab(ports: { one?: string; two?: string; other?: string }): string {
  const container = (name: string, last: number, published = "[]") => `
  ${name}:
    command: ${answering(name, "53/udp")}
    interfaces: { eth0: { bridge: lan, address: [10.20.0.${last}/24, "fd20::${last}/64"], gateway: [10.20.0.1, "fd20::1"] } }
    ports: ${published}`
  return `
name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"], nat: true } }
containers:${container("one", 2, ports.one)}${container("two", 3, ports.two)}${container("other", 4, ports.other)}
`
}

/** From the host itself, and from a machine beside it by IPv4 and IPv6. */
function askers(sandbox: Sandbox): (port: number, attempts?: number) => string[] {
  const script = `ip netns add outside
    ip link add up0 type veth peer name net0 netns outside
    ip addr add 192.0.2.1/24 dev up0; ip addr add 2001:db8::1/64 dev up0 nodad; ip link set up0 up
    ip -n outside addr add 192.0.2.2/24 dev net0; ip -n outside addr add 2001:db8::2/64 dev net0 nodad; ip -n outside link set net0 up`
  expectStatus(sandbox.run(["bash", "-ec", script]), 0)
  const ask = (place: string[], host: string, port: number, attempts: number) =>
    expectStatus(sandbox.run([...place, "/usr/bin/python3", "-c", CLIENT, host, String(port), String(port + 40_000), String(attempts)]), 0)
      .stdout
  const outside = ["ip", "netns", "exec", "outside"]
  return (port, attempts = 20) => [
    ask([], "127.0.0.1", port, attempts),
    ask(outside, "192.0.2.1", port, attempts),
    ask(outside, "2001:db8::1", port, attempts),
  ]
}

/** What the kernel remembers of a port of the host's. */
function remembered(sandbox: Sandbox, port: number): string[] {
  const lines = sandbox.run(["cat", "/proc/net/nf_conntrack"]).stdout.split("\n")
  return lines.filter((line) => line.includes(`dport=${port} `)).map((line) => line.replace(/^(\S+ +\d+ +udp +17) +\d+/, "$1"))
}

/** Half a minute is not much where a machine is slow. */
function rememberLong(sandbox: Sandbox): void {
  const names = ["nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"]
  for (const name of names) expectStatus(sandbox.run(["sh", "-c", `echo 600 > /proc/sys/net/netfilter/${name}`]), 0)
}

scenario(
  "a port of UDP that leads to another container, to nobody, and to somebody again does so for who has been sending all along",
  (sandbox) => {
    const wish = (ports: Parameters<typeof lab>[0]) => sandbox.file("stack.yaml", lab({ ...ports, other: '["5400:53/udp"]' }))
    const all = (name: string) => [name, name, name]
    const asked = askers(sandbox)
    const file = wish({ one: '["5353:53/udp"]' })
    apply(sandbox, file)
    rememberLong(sandbox)
    assert.equal(asked(5353), all("one"))
    assert.equal(asked(5400), all("other"))
    const [before, processes] = [remembered(sandbox, 5400), ["one", "two", "other"].map((name) => live(sandbox, "lab", name).init)]
    assert.is(before.length, 3)
    wish({ two: '["5353:53/udp"]' })
    apply(sandbox, file)
    assert.equal(asked(5353, 5), all("two"))
    // Of a range the one port that is left leads where it did, and what is remembered of it stays.
    wish({ two: '["5353-5354:53-54/udp"]' })
    apply(sandbox, file)
    assert.equal(asked(5353, 5), all("two"))
    wish({})
    apply(sandbox, file)
    assert.equal(asked(5353, 2), all(""))
    wish({ one: '["5353:53/udp"]' })
    apply(sandbox, file)
    assert.equal(asked(5353, 5), all("one"))
    expectConverged(sandbox, file)
    assert.equal(remembered(sandbox, 5400), before)
    assert.equal(
      ["one", "two", "other"].map((name) => live(sandbox, "lab", name).init),
      processes,
    )
  },
  NEEDS,
)

scenario(
  "what is remembered of others who send to a port of that number somewhere else is left alone",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab({ other: '["5400:53/udp"]' }))
    apply(sandbox, file)
    rememberLong(sandbox)
    const script = `ip netns add outside
      ip link add up0 type veth peer name net0 netns outside
      ip addr add 192.0.2.1/24 dev up0; ip link set up0 up
      ip -n outside addr add 192.0.2.2/24 dev net0; ip -n outside link set net0 up`
    expectStatus(sandbox.run(["bash", "-ec", script]), 0)
    const send = [
      "python3",
      "-c",
      'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("", 45353)); s.sendto(b"?", ("192.0.2.2", 5353))',
    ]
    expectStatus(sandbox.stack(["exec", "-f", file, "two", "--", ...send]), 0)
    const before = remembered(sandbox, 5353)
    assert.is(before.length, 1)
    assert.match(before[0] ?? "", /src=10\.20\.0\.3 dst=192\.0\.2\.2 .* src=192\.0\.2\.2 dst=192\.0\.2\.1 /)
    sandbox.file("stack.yaml", lab({ one: '["5353:53/udp"]', other: '["5400:53/udp"]' }))
    apply(sandbox, file)
    assert.equal(remembered(sandbox, 5353), before)
  },
  NEEDS,
)

test.run()
