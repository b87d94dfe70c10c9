/** A bridge with `resolver`: DNS for the names of the stack, asked by the tools that people ask with. */
import { cpSync, mkdirSync, symlinkSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import { ordinaryUser } from "../../support/ordinary.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** A folder with busybox and nothing else. */
function busyboxRoot(sandbox: Sandbox): void {
  const root = `${sandbox.work}/root`
  mkdirSync(`${root}/bin`, { recursive: true })
  cpSync("/bin/busybox", `${root}/bin/busybox`)
  for (const tool of ["sh", "ping", "cat", "sleep", "nslookup"]) symlinkSync("busybox", `${root}/bin/${tool}`)
}

const stack = (resolver = "true", count = 2, rest = "") => `name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"], nat: true, resolver: ${resolver} } }
containers:
  small:
    image: dir:./root
    command: [sleep, "1000"]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], aliases: [db, primary.db] } }
    ${rest}
  web: { command: [sleep, infinity], replicas: ${count}, interfaces: { eth0: { bridge: lan, address: auto } } }
`
const exec = (sandbox: Sandbox, file: string, name: string, ...words: string[]) => sandbox.stack(["exec", "-f", file, name, "--", ...words])
const dig = (sandbox: Sandbox, file: string, name: string, ...words: string[]) =>
  expectStatus(exec(sandbox, file, name, "dig", "+tries=1", "+time=3", ...words), 0).stdout
const short = (sandbox: Sandbox, file: string, name: string, ...words: string[]) =>
  dig(sandbox, file, name, "+short", ...words)
    .trim()
    .split("\n")
    .filter(Boolean)
    .sort()
const TOOLS = ["busybox", "dig"]

scenario(
  "every name, forward and back, from two replicas and from an image with busybox alone, by UDP and TCP, over IPv4 and IPv6",
  (sandbox) => {
    busyboxRoot(sandbox)
    const file = sandbox.file("stack.yaml", stack())
    const plan = planOf(sandbox, file)
    assert.match(JSON.stringify(plan), '"argv":["/stack-resolver","53","lab","/etc/hosts"]')
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const addresses = (name: string): string[] =>
      sandbox
        .stack(["exec", "-f", file, name, "--", "ip", "-br", "addr", "show", "eth0"])
        .stdout.split(/\s+/)
        .filter((word) => word.includes("/") && !word.startsWith("fe80"))
        .map((word) => word.replace(/\/.*/, ""))
    const webs = ["web[0]", "web[1]"].map(addresses)
    const ask = (...words: string[]) => ["web[0]", "web[1]"].map((from) => short(sandbox, file, from, ...words))
    for (const name of ["small", "db", "primary.db", "small.lab", "DB.Lab"]) assert.equal(ask(name), [["10.20.0.2"], ["10.20.0.2"]], name)
    const fours = webs.map(([four]) => four as string).sort()
    for (const how of [[], ["+tcp"], ["@fd20::1"].slice(1)]) assert.equal(ask("web", ...how), [fours, fours])
    assert.equal(ask("-t", "AAAA", "web-1.lab"), [[webs[1]?.[1]], [webs[1]?.[1]]])
    assert.equal(ask("-x", "10.20.0.2"), [["small.lab."], ["small.lab."]])
    assert.equal(ask("-x", "fd20::2"), [["small.lab."], ["small.lab."]])
    // The server that is named second is the same by IPv6.
    const servers = exec(sandbox, file, "web[0]", "cat", "/etc/resolv.conf").stdout.match(/^nameserver .*$/gm) as string[]
    assert.is(servers.length, 2)
    assert.equal(ask(`@${servers[1]?.slice("nameserver ".length)}`, "db"), [["10.20.0.2"], ["10.20.0.2"]])
    // Each of several comes first at some time.
    const firsts = new Set(Array.from({ length: 6 }, () => dig(sandbox, file, "web[0]", "+short", "web").split("\n")[0]))
    assert.is(firsts.size, 2)
    for (const [words, status] of [
      [["nothere.lab"], "NXDOMAIN"],
      [["nothere"], "NXDOMAIN"],
      [["lab"], "NOERROR"],
      [["-t", "MX", "small.lab"], "NOERROR"],
      [["-x", "10.20.0.99"], "NXDOMAIN"],
      [["example.org"], "REFUSED"],
    ] as const) {
      const answer = dig(sandbox, file, "web[1]", ...words)
      assert.match(answer, `status: ${status}`, words.join(" "))
      assert.is(/^\S+\s+0\s+IN\s+SOA\s/m.test(answer), status !== "REFUSED", words.join(" "))
    }
    assert.match(expectStatus(exec(sandbox, file, "small", "nslookup", "web-1.lab"), 0).stdout, `Address: ${webs[1]?.[0]}`)
    assert.match(sandbox.stack(["logs", "-f", file, "resolver-lan"]).stdout, "answers for lab, port 53; others are asked: none")
    const { init } = live(sandbox, "lab", "resolver-lan")
    const status = sandbox.run(["sh", "-c", `cat /proc/$(pgrep -f '^/stack-resolver')/status`]).stdout
    for (const line of [/^CapEff:\t0+$/m, /^CapBnd:\t0+$/m, /^NoNewPrivs:\t1$/m, /^Seccomp:\t2$/m]) assert.match(status, line)
    assert.is(inside(init, "-U", "true").status, 0)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is(
      sandbox
        .run(["ls", "-A", "/run/stack", "/var/lib/stack"])
        .stdout.replace(/\S+:\n/g, "")
        .trim(),
      "",
    )
  },
  TOOLS,
)

scenario(
  "as containers come and go it knows, and no process ends; killed, it is started again; it comes, changes and goes in place",
  (sandbox) => {
    busyboxRoot(sandbox)
    const file = sandbox.file("stack.yaml", stack("false"))
    apply(sandbox, file)
    const { small } = inits(sandbox, "lab")
    const change = (text: string, changes: string[]) => {
      sandbox.file("stack.yaml", text)
      assert.equal(verdicts(planOf(sandbox, file)), changes)
      apply(sandbox, file)
      expectConverged(sandbox, file)
      assert.is(inits(sandbox, "lab").small, small)
    }
    const resolver = ["container.resolver-lan", "interface.resolver-lan.eth0"]
    const asking = ["container.small", "container.web[0]", "container.web[1]"].map((one) => `update ${one}`)
    change(stack(), ["update hosts.stack", ...asking, ...resolver.map((one) => `create ${one}`)])
    assert.equal(short(sandbox, file, "web[0]", "db"), ["10.20.0.2"])
    change(stack("true", 3), ["update hosts.stack", "create container.web[2]", "create interface.web[2].eth0"])
    for (let i = 0; i < 3; i++) assert.is(short(sandbox, file, `web[${i}]`, "web.lab").length, 3)
    change(stack("true", 3).replace("10.20.0.2/24", "10.20.0.77/24"), ["update hosts.stack", "update interface.small.eth0"])
    assert.equal(short(sandbox, file, "web[2]", "+tcp", "db"), ["10.20.0.77"])
    change(stack("true", 2).replace("10.20.0.2/24", "10.20.0.77/24"), [
      "update hosts.stack",
      "delete container.web[2]",
      "delete interface.web[2].eth0",
    ])
    assert.match(dig(sandbox, file, "web[0]", "web-2"), "NXDOMAIN")
    process.kill(live(sandbox, "lab", "resolver-lan").init, "SIGKILL")
    const plan = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
    assert.match(plan, /container\.resolver-lan[\s\S]*state: "killed \(SIGKILL\)" -> running/)
    change(stack().replace("10.20.0.2/24", "10.20.0.77/24"), ["update container.resolver-lan"])
    assert.equal(short(sandbox, file, "web[0]", "db"), ["10.20.0.77"])
    // Who says itself whom it asks, is left alone.
    change(stack("true", 2, "dns: 192.0.2.53").replace("10.20.0.2/24", "10.20.0.77/24"), ["update container.small"])
    assert.is(inside(small as number, "-m", "/bin/busybox", "cat", "/etc/resolv.conf").stdout, "nameserver 192.0.2.53\n")
    change(stack("false").replace("10.20.0.2/24", "10.20.0.77/24"), [
      "update hosts.stack",
      ...asking,
      ...resolver.map((one) => `delete ${one}`),
    ])
  },
  TOOLS,
)

scenario(
  "who is named as upstream is asked for the rest, by UDP and TCP; one that does not answer is passed over; without any that does, SERVFAIL",
  async (sandbox) => {
    busyboxRoot(sandbox)
    const file = sandbox.file("stack.yaml", stack("{ address: 10.20.0.53, upstream: [10.20.0.9, 10.20.0.1] }"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.match(dig(sandbox, file, "web[0]", "+time=15", "example.org"), "status: SERVFAIL")
    const long = Array.from({ length: 40 }, (_, i) => `--txt-record=long.example.org,text-${i}-${"x".repeat(40)}`)
    const server = sandbox.start([
      ...["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=10.20.0.1"],
      ...["--user=root", "--pid-file=", "--conf-file=/dev/null", "--address=/example.org/192.0.2.80", ...long],
    ])
    try {
      await new Promise((done) => setTimeout(done, 500))
      for (const how of [[], ["+tcp"]]) {
        const answer = dig(sandbox, file, "web[1]", "+time=15", ...how, "www.example.org")
        assert.match(answer, /^www\.example\.org\.\s+\d+\s+IN\s+A\s+192\.0\.2\.80$/m)
        assert.match(answer, /flags: [^;]*\bra\b/)
        assert.match(answer, "SERVER: 10.20.0.53#53")
      }
      // Too long for a packet: asked again by TCP, as dig does.
      assert.is(short(sandbox, file, "web[0]", "+time=15", "-t", "TXT", "long.example.org").length, 40)
      assert.equal(short(sandbox, file, "web[0]", "db"), ["10.20.0.2"])
      assert.match(dig(sandbox, file, "web[0]", "nothere.lab"), "NXDOMAIN")
    } finally {
      server.kill("SIGKILL")
    }
  },
  [...TOOLS, "dnsmasq"],
)

scenario(
  "it is made by a kept plan, written by import --live as the bridge has it, and nothing is changed by that file",
  (sandbox) => {
    busyboxRoot(sandbox)
    const file = sandbox.file("stack.yaml", stack("{ upstream: 192.0.2.53 }"))
    expectStatus(sandbox.stack(["plan", "-f", file, "--out", "kept"]), 0)
    expectStatus(sandbox.stack(["apply", "kept"]), 0)
    const spelt = expectStatus(sandbox.stack(["import", "--live", "-p", "lab"]), 0).stdout
    assert.match(spelt, /resolver:\s+\{?\s*address: \[10\.20\.0\.\d+\/24, [^\]]+\][\s\S]*upstream: 192\.0\.2\.53/)
    for (const word of ["resolver-lan", "dns:", "depends_on", "stack-resolver"]) assert.not.match(spelt, word)
    const other = sandbox.file("other.yaml", spelt)
    expectConverged(sandbox, other)
  },
  TOOLS,
)

scenario(
  "an ordinary user's stack has one, too",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    const file = sandbox.file("stack.yaml", stack().replace("image: dir:./root", "image: host").replace("nat: true, ", ""))
    expectStatus(user.stack(["apply", "-y", "-f", file]), 0)
    assert.match(expectStatus(user.stack(["plan", "-f", file]), 0).stdout, "No changes.")
    const answer = user.stack(["exec", "-f", file, "web[1]", "--", "dig", "+short", "+tries=1", "db.lab"])
    assert.is(expectStatus(answer, 0).stdout, "10.20.0.2\n")
    assert.is(user.stack(["exec", "-f", file, "small", "--", "cat", "/etc/hostname"]).stdout, "small\n")
    expectStatus(user.stack(["destroy", "-y", "-f", file]), 0)
  },
  [...TOOLS, "setpriv", "newuidmap", "newgidmap"],
)

test.run()
