import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inside, live, pings, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** What a stack with two containers on a bridge says of that. */
function lab(bridge: string, name = "lab"): string {
  return `
name: ${name}
bridges:
  lan: { address: [10.20.0.1/24, "fd20::1/64"], ${bridge} }
containers:
  web: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], gateway: [10.20.0.1, "fd20::1"] } } }
`
}

/** A host beyond this one, which knows no way back to the subnets of the stack: 192.0.2.2 and 2001:db8::2. */
function internet(sandbox: Sandbox): void {
  const script = `ip netns add internet
    ip link add up0 type veth peer name net0 netns internet
    ip addr add 192.0.2.1/24 dev up0; ip addr add 2001:db8::1/64 dev up0 nodad; ip link set up0 up
    ip -n internet addr add 192.0.2.2/24 dev net0; ip -n internet addr add 2001:db8::2/64 dev net0 nodad; ip -n internet link set net0 up`
  expectStatus(sandbox.run(["bash", "-ec", script]), 0)
}

function nft(sandbox: Sandbox, ...words: string[]): string {
  return expectStatus(sandbox.run(["nft", ...words]), 0).stdout
}

function sysctl(sandbox: Sandbox, name: string): string {
  return sandbox.run(["cat", `/proc/sys/${name.replaceAll(".", "/")}`]).stdout.trim()
}

const IP4 = "net.ipv4.ip_forward"
const IP6 = "net.ipv6.conf.all.forwarding"
const OURS = `table ip stack_lab {
	chain nat-lan {
		comment "stack: net.ipv4.ip_forward was 0"
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 10.20.0.0/24 iifname "lab-lan" oifname != "lab-lan" masquerade
	}
}
table ip6 stack_lab {
	chain nat-lan {
		comment "stack: net.ipv6.conf.all.forwarding was 0"
		type nat hook postrouting priority srcnat; policy accept;
		ip6 saddr fd20::/64 iifname "lab-lan" oifname != "lab-lan" masquerade
	}
}
`

scenario(
  "what leaves a bridge with nat goes out with the host's address, and destroy leaves nothing of it",
  (sandbox) => {
    internet(sandbox)
    const file = sandbox.file("stack.yaml", lab("nat: true"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(nft(sandbox, "list", "ruleset"), OURS)
    const { init } = live(sandbox, "lab", "web")
    assert.ok(pings(init, "192.0.2.2"))
    assert.ok(pings(init, "2001:db8::2"))
    assert.equal([sysctl(sandbox, IP4), sysctl(sandbox, IP6)], ["1", "1"])

    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is(nft(sandbox, "list", "ruleset"), "")
    assert.equal([sysctl(sandbox, IP4), sysctl(sandbox, IP6)], ["0", "0"])
  },
  ["nft"],
)

scenario(
  "nat is taken away and brought back by the file, with no container touched",
  (sandbox) => {
    internet(sandbox)
    const file = sandbox.file("stack.yaml", lab("nat: true"))
    apply(sandbox, file)
    const before = live(sandbox, "lab", "web")
    sandbox.file("stack.yaml", lab("nat: false"))
    assert.equal(verdicts(planOf(sandbox, file)), ["delete nat.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(nft(sandbox, "list", "ruleset"), "")
    assert.is(inside(before.init, "-n", "ping", "-q", "-c1", "-W1", "192.0.2.2").status, 1)

    sandbox.file("stack.yaml", lab("nat: true, interface: br-lan"))
    assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan", "create nat.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.match(nft(sandbox, "list", "ruleset"), 'ip saddr 10.20.0.0/24 iifname "br-lan" oifname != "br-lan" masquerade')
    assert.equal(live(sandbox, "lab", "web"), before)
    assert.ok(pings(before.init, "192.0.2.2"))
  },
  ["nft"],
)

scenario(
  "forwarding that was on before, or that others need, stays on; tables of others are left alone",
  (sandbox) => {
    const theirs = "table inet theirs {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n"
    const [one, two] = ["one", "two"].map((name) => sandbox.file(`${name}.yaml`, lab("nat: true", name).replaceAll("20", "21")))
    const destroy = (file: string | undefined) => expectStatus(sandbox.stack(["destroy", "-y", "-f", String(file)]), 0)
    apply(sandbox, String(one))
    apply(sandbox, sandbox.file("two.yaml", lab("nat: true", "two")))
    destroy(one)
    assert.equal([sysctl(sandbox, IP4), sysctl(sandbox, IP6)], ["1", "1"])
    sandbox.run(["bash", "-c", `printf '${theirs.replaceAll("\n", "\\n").replaceAll("\t", " ")}' | nft -f -`])
    destroy(two)
    assert.is(nft(sandbox, "list", "ruleset"), theirs)
    assert.is(sysctl(sandbox, IP4), "1")
    nft(sandbox, "delete", "table", "inet", "theirs")

    apply(sandbox, String(one))
    assert.not.match(nft(sandbox, "list", "ruleset"), "was 0")
    destroy(one)
    assert.is(sysctl(sandbox, IP4), "1")
  },
  ["nft"],
)

scenario(
  "that forwarding was off is known yet when somebody has flushed all rules, as who loads a firewall anew does",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("nat: true"))
    const destroyed = () => {
      expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
      const left = [
        sysctl(sandbox, IP4),
        sysctl(sandbox, IP6),
        nft(sandbox, "list", "ruleset"),
        sandbox.run(["ls", "/run"]).stdout.includes("stack"),
      ]
      assert.equal(left, ["0", "0", "", false])
    }
    // Applied again, or gone straight away, or taken out by the file.
    apply(sandbox, file)
    nft(sandbox, "flush", "ruleset")
    assert.equal(verdicts(planOf(sandbox, file)), ["create nat.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(nft(sandbox, "list", "ruleset"), OURS)
    destroyed()
    apply(sandbox, file)
    nft(sandbox, "flush", "ruleset")
    destroyed()
    apply(sandbox, file)
    nft(sandbox, "delete", "table", "ip", "stack_lab")
    apply(sandbox, file)
    assert.match(nft(sandbox, "list", "table", "ip", "stack_lab"), `comment "stack: ${IP4} was 0"`)
    nft(sandbox, "flush", "ruleset")
    sandbox.file("stack.yaml", lab("nat: false"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal([sysctl(sandbox, IP4), sysctl(sandbox, IP6)], ["0", "0"])
    // From here on it is somebody else's wish.
    sandbox.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    sandbox.file("stack.yaml", lab("nat: true"))
    apply(sandbox, file)
    nft(sandbox, "flush", "ruleset")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal([sysctl(sandbox, IP4), sysctl(sandbox, IP6)], ["1", "0"])
  },
  ["nft"],
)

scenario(
  "a table that somebody emptied is filled again, or goes",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("nat: true"))
    apply(sandbox, file)
    for (const family of ["ip", "ip6"]) {
      nft(sandbox, "flush", "table", family, "stack_lab")
      nft(sandbox, "delete", "chain", family, "stack_lab", "nat-lan")
    }
    assert.equal(verdicts(planOf(sandbox, file)), ["create nat.lan"])
    apply(sandbox, file)
    assert.match(nft(sandbox, "list", "ruleset"), /masquerade/)
    nft(sandbox, "flush", "ruleset")
    nft(sandbox, "add", "table", "ip", "stack_lab")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is(nft(sandbox, "list", "ruleset"), "")
  },
  ["nft"],
)

scenario(
  "nat is kept by a saved plan, and spelt by import --live",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("nat: true"))
    const saved = sandbox.file("plan.json", "")
    expectStatus(sandbox.stack(["plan", "-f", file, "--out", saved]), 0)
    expectStatus(sandbox.stack(["apply", "-y", saved]), 0)
    assert.is(nft(sandbox, "list", "ruleset"), OURS)
    const { stdout } = expectStatus(sandbox.stack(["import", "--live", "-p", "lab"]), 0)
    assert.match(stdout, "nat: true")
    expectConverged(sandbox, sandbox.file("spelt.yaml", stdout))
  },
  ["nft"],
)

test.run()
