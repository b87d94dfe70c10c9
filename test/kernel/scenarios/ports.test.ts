import * as assert from "uvu/assert"
import { answering, asked } from "../../support/answerer.ts"
import { apply, expectConverged, expectStatus, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const NEEDS = ["nft", "python3"]

/** A host beyond this one: 192.0.2.2 and 2001:db8::2, which reaches this one at 192.0.2.1 and 2001:db8::1. */
function neighbour(sandbox: Sandbox): (command: string[]) => ReturnType<Sandbox["run"]> {
  const script = `ip netns add outside
    ip link add up0 type veth peer name net0 netns outside
    ip addr add 192.0.2.1/24 dev up0; ip addr add 2001:db8::1/64 dev up0 nodad; ip link set up0 up
    ip -n outside addr add 192.0.2.2/24 dev net0; ip -n outside addr add 2001:db8::2/64 dev net0 nodad; ip -n outside link set net0 up`
  expectStatus(sandbox.run(["bash", "-ec", script]), 0)
  return (command) => sandbox.run(["ip", "netns", "exec", "outside", ...command])
}

function nft(sandbox: Sandbox, ...words: string[]): string {
  return expectStatus(sandbox.run(["nft", ...words]), 0).stdout
}

const WEB = answering("web", "80/tcp", "53/udp", "8000/tcp", "8001/tcp")

function lab(ports: string, rest = ""): string {
  return `
name: lab
bridges:
  lan: { address: [10.20.0.1/24, "fd20::1/64"] }
containers:
  web:
    command: ${WEB}
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], gateway: [10.20.0.1, "fd20::1"] } }
    ports: ${ports}
  peer:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.3/24, "fd20::3/64"], gateway: [10.20.0.1, "fd20::1"] } }
${rest}`
}

const OURS = `table ip stack_lab {
	chain ports-lan {
		tcp dport 8080 dnat to 10.20.0.2:80
		udp dport 5353 dnat to 10.20.0.2:53
		tcp dport 8000-8001 dnat to 10.20.0.2
		ip daddr 192.0.2.1 tcp dport 9001 dnat to 10.20.0.2:8001
	}

	chain guard-lan {
		type filter hook prerouting priority raw; policy accept;
		iifname "lab-lan" ip daddr 127.0.0.0/8 drop
	}

	chain prerouting-lan {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump ports-lan
	}

	chain output-lan {
		type nat hook output priority -100; policy accept;
		fib daddr type local jump ports-lan
		ip daddr 127.0.0.1 tcp dport 9000 dnat to 10.20.0.2:8000
	}

	chain nat-lan {
		comment "stack: net.ipv4.ip_forward was 0"
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 10.20.0.0/24 oifname "lab-lan" ct status dnat masquerade
	}

	chain local-lan {
		type nat hook postrouting priority srcnat; policy accept;
		fib saddr type local oifname "lab-lan" ct status dnat masquerade
	}
}
table ip6 stack_lab {
	chain ports-lan {
		tcp dport 8080 dnat to [fd20::2]:80
		udp dport 5353 dnat to [fd20::2]:53
		tcp dport 8000-8001 dnat to fd20::2
	}

	chain prerouting-lan {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump ports-lan
	}

	chain output-lan {
		type nat hook output priority -100; policy accept;
		ip6 daddr != ::1 fib daddr type local jump ports-lan
	}

	chain nat-lan {
		comment "stack: net.ipv6.conf.all.forwarding was 0"
		type nat hook postrouting priority srcnat; policy accept;
		ip6 saddr fd20::/64 oifname "lab-lan" ct status dnat masquerade
	}

	chain local-lan {
		type nat hook postrouting priority srcnat; policy accept;
		fib saddr type local oifname "lab-lan" ct status dnat masquerade
	}
}
`

scenario(
  "a published port leads into the container from the host, from 127.0.0.1, from beyond, from its neighbour and from itself; destroy leaves nothing",
  (sandbox) => {
    const outside = neighbour(sandbox)
    const host = (command: string[]) => sandbox.run(command)
    const before = sandbox.run(["nft", "list", "ruleset"]).stdout
    const ports =
      '["8080:80", "5353:53/udp", "8000-8001:8000-8001", "127.0.0.1:9000:8000", { target: 8001, published: 9001, host_ip: 192.0.2.1 }]'
    const file = sandbox.file("stack.yaml", lab(ports))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(nft(sandbox, "list", "ruleset"), OURS)
    const [web, peer] = ["web", "peer"].map((name) => live(sandbox, "lab", name).init)
    const fromWeb = (command: string[]) => inside(web ?? 0, "-n", ...command)
    const fromPeer = (command: string[]) => inside(peer ?? 0, "-n", ...command)

    for (const [from, address, who] of [
      [host, "127.0.0.1", "10.20.0.1"],
      [host, "127.1.2.3", "10.20.0.1"],
      [host, "192.0.2.1", "10.20.0.1"],
      [host, "10.20.0.1", "10.20.0.1"],
      [host, "2001:db8::1", "fd20::1"],
      [outside, "192.0.2.1", "192.0.2.2"],
      [outside, "2001:db8::1", "2001:db8::2"],
      [fromPeer, "192.0.2.1", "10.20.0.1"],
      [fromPeer, "fd20::1", "fd20::1"],
      [fromWeb, "192.0.2.1", "10.20.0.1"],
      [fromWeb, "2001:db8::1", "fd20::1"],
    ] as const) {
      assert.is(asked(from, address, 8080), `web ${who} 80`, `${address} from ${who}`)
      assert.is(asked(from, address, 5353, "udp"), `web ${who} 53`, `${address} from ${who}, udp`)
      assert.is(asked(from, address, 8001), `web ${who} 8001`, `${address} from ${who}, of a range`)
    }
    assert.is(asked(host, "127.0.0.1", 9000), "web 10.20.0.1 8000")
    assert.is(asked(host, "192.0.2.1", 9001), "web 10.20.0.1 8001")
    assert.is(asked(outside, "192.0.2.1", 9001), "web 192.0.2.2 8001")
    // What goes to ::1 can be led nowhere; it is refused, as if nothing were published.
    for (const [from, address, port] of [
      [host, "::1", 8080],
      [outside, "192.0.2.1", 9000],
      [host, "10.20.0.1", 9001],
      [outside, "192.0.2.1", 8002],
    ] as const)
      assert.is(asked(from, address, port), undefined, `${address}:${port}`)

    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is(sandbox.run(["nft", "list", "ruleset"]).stdout, before)
    assert.is(sandbox.run(["cat", "/proc/sys/net/ipv4/ip_forward"]).stdout.trim(), "0")
  },
  NEEDS,
)

scenario(
  "ports come, change and go by the file, with no container touched, and what else came with them goes with the last one",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("[]"))
    const [hairpin, localnet] = ["/sys/class/net/lab-web-eth0/brport/hairpin_mode", "/proc/sys/net/ipv4/conf/lab-lan/route_localnet"]
    const values = () => [hairpin, localnet].map((path) => sandbox.run(["cat", String(path)]).stdout.trim())
    apply(sandbox, file)
    const before = live(sandbox, "lab", "web")
    assert.is(nft(sandbox, "list", "ruleset"), "")
    sandbox.file("stack.yaml", lab('["8080:80", "8000:8000"]'))
    assert.equal(verdicts(planOf(sandbox, file)), ["create nat.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(values(), ["1", "1"])
    sandbox.file("stack.yaml", lab('["8080:8001", "192.0.2.1:8000:8000"]'))
    sandbox.run(["ip", "addr", "add", "192.0.2.1/24", "dev", "lo"])
    const { stdout } = expectStatus(sandbox.stack(["plan", "-f", file]), 0)
    assert.match(stdout, "ports.8080/tcp:")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(
      asked((command) => sandbox.run(command), "127.0.0.1", 8080),
      "web 10.20.0.1 8001",
    )
    sandbox.file("stack.yaml", lab('["192.0.2.1:8000:8000"]'))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(values(), ["1", "0"])
    sandbox.file("stack.yaml", lab("[]"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(nft(sandbox, "list", "ruleset"), "")
    assert.equal(values(), ["0", "0"])
    assert.equal(live(sandbox, "lab", "web"), before)
  },
  NEEDS,
)

test.run()
