/** Containers find each other by name, with nothing installed in the image: /etc/hosts as each of them sees it. */
import { cpSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** A folder with busybox and nothing else. */
function busyboxRoot(sandbox: Sandbox): void {
  const root = `${sandbox.work}/root`
  mkdirSync(`${root}/bin`, { recursive: true })
  cpSync("/bin/busybox", `${root}/bin/busybox`)
  for (const tool of ["sh", "ping", "cat", "sleep", "ls"]) symlinkSync("busybox", `${root}/bin/${tool}`)
}

const stack = (rest = "", count = 2) => `name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] } }
containers:
  small:
    image: dir:./root
    command: [sleep, "1000"]
    cap_add: [NET_RAW]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], aliases: [db, primary.db] } }
    ${rest}
  web:
    command: [sleep, infinity]
    replicas: ${count}
    interfaces: { eth0: { bridge: lan, address: auto } }
`
const hosts = (pid: number) => inside(pid, "-m", "cat", "/etc/hosts").stdout
const exec = (sandbox: Sandbox, file: string, name: string, ...words: string[]) => sandbox.stack(["exec", "-f", file, name, "--", ...words])
const finds = (sandbox: Sandbox, file: string, name: string, ...words: string[]) =>
  assert.is(expectStatus(exec(sandbox, file, name, "ping", "-c1", "-W2", ...words), 0).status, 0)

scenario(
  "by name, replica, alias and domain, over IPv4 and IPv6, from an image that has nothing but busybox",
  (sandbox) => {
    busyboxRoot(sandbox)
    const file = sandbox.file("stack.yaml", stack())
    apply(sandbox, file)
    for (const name of ["small", "db", "primary.db", "small.lab", "localhost"]) finds(sandbox, file, "web[0]", name)
    for (const name of ["web-0", "web-1", "web", "web-1.lab"]) finds(sandbox, file, "small", name)
    finds(sandbox, file, "small", "-6", "web-1")
    finds(sandbox, file, "web[0]", "-6", "db")
    finds(sandbox, file, "web[0]", "web-0")
    // The same file in each, which nobody inside may write.
    const { init } = live(sandbox, "lab", "small")
    const written = sandbox.run(["cat", "/run/stack/lab/.hosts"]).stdout
    assert.match(written, /^10\.20\.0\.2\tsmall db primary\.db small\.lab db\.lab$/m)
    for (const pid of Object.values(inits(sandbox, "lab"))) assert.is(hosts(pid), written)
    assert.match(exec(sandbox, file, "small", "sh", "-c", "echo x > /etc/hosts").stderr, "Read-only file system")
    assert.is(inside(init, "-m", "/bin/busybox", "ls", "/root").status, 1)
    expectConverged(sandbox, file)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is(sandbox.run(["ls", "-A", "/run/stack"]).stdout, "")
  },
  ["busybox"],
)

scenario(
  "of a container on several bridges the address is found that is on the bridge of who asks, whichever its line is",
  (sandbox) => {
    busyboxRoot(sandbox)
    mkdirSync(`${sandbox.work}/root/etc`)
    writeFileSync(`${sandbox.work}/root/etc/host.conf`, "multi on\n")
    const on = (bridge: string, address: string) => `interfaces: { eth0: { bridge: ${bridge}, address: ${address}/24 } }`
    const file = sandbox.file(
      "stack.yaml",
      `name: lab
bridges: { a: { address: 10.20.0.1/24 }, b: { address: 10.21.0.1/24, internal: true } }
containers:
  both: { command: [sleep, infinity], interfaces: { eth0: { bridge: a, address: 10.20.0.2/24 }, eth1: { bridge: b, address: 10.21.0.2/24 } } }
  first: { command: [sleep, infinity], ${on("a", "10.20.0.3")} }
  second: { command: [sleep, infinity], ${on("b", "10.21.0.3")} }
  small: { image: dir:./root, command: [sleep, "1000"], cap_add: [NET_RAW], ${on("b", "10.21.0.4")} }
`,
    )
    apply(sandbox, file)
    for (const [name, address] of [
      ["first", "10.20.0.2"],
      ["second", "10.21.0.2"],
      ["small", "10.21.0.2"],
    ] as const)
      assert.match(expectStatus(exec(sandbox, file, name, "ping", "-c1", "-W2", "both"), 0).stdout, `(${address})`)
  },
  ["busybox"],
)

scenario(
  "as replicas come and go, and addresses change, the file changes in every container, and no process",
  (sandbox) => {
    busyboxRoot(sandbox)
    const file = sandbox.file("stack.yaml", stack())
    apply(sandbox, file)
    const before = inits(sandbox, "lab")
    const change = (text: string, changes: string[]) => {
      sandbox.file("stack.yaml", text)
      assert.equal(verdicts(planOf(sandbox, file)), changes)
      apply(sandbox, file)
      expectConverged(sandbox, file)
    }
    change(stack("", 3), ["update hosts.stack", "create container.web[2]", "create interface.web[2].eth0"])
    finds(sandbox, file, "small", "web-2")
    change(stack("", 3).replace("10.20.0.2/24", "10.20.0.77/24"), ["update hosts.stack", "update interface.small.eth0"])
    finds(sandbox, file, "web[2]", "db")
    assert.match(hosts(live(sandbox, "lab", "web[1]").init), /^10\.20\.0\.77\tsmall /m)
    change(stack(""), ["update hosts.stack", "update interface.small.eth0", "delete container.web[2]", "delete interface.web[2].eth0"])
    assert.is(exec(sandbox, file, "small", "ping", "-c1", "web-2").status, 1)
    // The first names of its own, others, and none: each time another file is seen at the same place.
    change(stack('extra_hosts: ["far:192.0.2.7", "far=2001:db8::7", "gate:host-gateway"]'), [
      "update hosts.stack",
      "update container.small",
    ])
    const own = hosts(before.small as number)
    for (const line of [/^192\.0\.2\.7\tfar$/m, /^2001:db8::7\tfar$/m, /^10\.20\.0\.1\tgate$/m, /^fd20::1\tgate$/m, /web-1/])
      assert.match(own, line)
    assert.not.match(hosts(before["web[0]"] as number), "far")
    finds(sandbox, file, "small", "gate")
    change(stack("extra_hosts: { far: [192.0.2.8, 192.0.2.9] }"), ["update hosts.stack"])
    assert.match(hosts(before.small as number), /^192\.0\.2\.9\tfar$/m)
    change(stack(), ["update hosts.stack", "update container.small"])
    assert.not.match(hosts(before.small as number), "far")
    assert.is(
      inside(before.small as number, "-m -p", "/bin/busybox", "cat", "/proc/self/mountinfo").stdout.match(/ \/etc\/hosts /g)?.length,
      1,
    )
    assert.equal(inits(sandbox, "lab"), before)
  },
  ["busybox"],
)

scenario("a change by hand is drift, line by line, and repaired in place", (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    "name: lab\nbridges: { lan: { address: 10.20.0.1/24 } }\ncontainers:\n  a: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } }\n  b: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.3/24 } } }\n",
  )
  apply(sandbox, file)
  const before = inits(sandbox, "lab")
  const drifts = (hand: string[], shows: RegExp[]) => {
    expectStatus(sandbox.run(hand), 0)
    const plan = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
    for (const one of shows) assert.match(plan, one)
    assert.match(plan, "changed outside the stack file")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(inits(sandbox, "lab"), before)
    for (const pid of Object.values(before)) assert.match(hosts(pid), /^10\.20\.0\.3\tb b\.lab$/m)
  }
  drifts(["sh", "-c", "echo 192.0.2.66 evil >> /run/stack/lab/.hosts"], [/names\.192\.0\.2\.66: \[evil\] ->/])
  drifts(
    ["sh", "-c", "sed -i s/10.20.0.3/10.20.0.9/ /run/stack/lab/.hosts"],
    [/names\.10\.20\.0\.9/, /names\.10\.20\.0\.3/, /hosts: another -> stack/],
  )
  drifts(["rm", "/run/stack/lab/.hosts"], [/hosts: another -> stack/])
  const { init } = live(sandbox, "lab", "a")
  expectStatus(inside(init, "-m -p", "umount", "/etc/hosts"), 0)
  drifts(["true"], [/hosts: another -> stack/])
})

scenario(
  "dns, dns_search and dns_opt are its resolv.conf, also where the image has a link to nothing there; changed in place",
  (sandbox) => {
    busyboxRoot(sandbox)
    mkdirSync(`${sandbox.work}/root/etc`)
    symlinkSync("../run/resolve/stub.conf", `${sandbox.work}/root/etc/resolv.conf`)
    const text = (rest: string) => `name: lab\ncontainers: { small: { image: "dir:./root", command: [sleep, "1000"], ${rest} } }\n`
    const file = sandbox.file("stack.yaml", text(""))
    apply(sandbox, file)
    const { init } = live(sandbox, "lab", "small")
    const seen = () => inside(init, "-m", "/bin/busybox", "cat", "/etc/resolv.conf").stdout
    assert.is(seen(), "")
    for (const [rest, expected] of [
      ["dns: 192.0.2.53", "nameserver 192.0.2.53\n"],
      [
        'dns: [192.0.2.53, "2001:db8::53"], dns_search: [lab.example, example], dns_opt: ["ndots:2"]',
        "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch lab.example example\noptions ndots:2\n",
      ],
      ["", ""],
      ["dns_search: lab.example", "search lab.example\n"],
    ] as const) {
      sandbox.file("stack.yaml", text(rest))
      assert.equal(verdicts(planOf(sandbox, file)), ["update container.small"])
      apply(sandbox, file)
      expectConverged(sandbox, file)
      assert.is(seen(), expected)
    }
    assert.equal(live(sandbox, "lab", "small").init, init)
    apply(sandbox, file, "--replace", "container.small")
    expectConverged(sandbox, file)
    assert.is(
      inside(live(sandbox, "lab", "small").init, "-m", "/bin/busybox", "cat", "/run/resolve/stub.conf").stdout,
      "search lab.example\n",
    )
  },
  ["busybox"],
)

scenario(
  "an image's own absolute link at /etc/resolv.conf is its own: what the host has at that path is not looked at",
  (sandbox) => {
    busyboxRoot(sandbox)
    mkdirSync(`${sandbox.work}/root/etc`)
    mkdirSync(`${sandbox.work}/root${sandbox.work}`, { recursive: true })
    const file = sandbox.file(
      "stack.yaml",
      "name: lab\ncontainers:\n  small: { image: dir:./root, command: [sleep, '1000'], dns: 192.0.2.53 }\n",
    )
    for (const to of ["/run/resolve/stub.conf", `${sandbox.work}/of-the-host`]) {
      symlinkSync(to, `${sandbox.work}/root/etc/resolv.conf`)
      sandbox.file("of-the-host", "nameserver 203.0.113.1\n")
      apply(sandbox, file)
      expectConverged(sandbox, file)
      const { init } = live(sandbox, "lab", "small")
      assert.is(inside(init, "-m", "/bin/busybox", "cat", to).stdout, "nameserver 192.0.2.53\n")
      expectStatus(inside(init, "-m", "/bin/busybox", "umount", to), 0)
      assert.is(planOf(sandbox, file).drift.length, 1)
      apply(sandbox, file)
      expectConverged(sandbox, file)
      expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
      unlinkSync(`${sandbox.work}/root/etc/resolv.conf`)
    }
  },
  ["busybox"],
)

/** A root filesystem with glibc and nothing that says how it is to resolve names. */
function makeGlibcImage(sandbox: Sandbox): boolean {
  const { status } = sandbox.run([
    "sh",
    "-ec",
    `mkdir -p root/bin root/etc
    for file in $(command -v getent) $(command -v sleep) $(ldd $(command -v getent) $(command -v sleep) | grep -o '/[^ :]*\\.so[^ :]*'); do
      mkdir -p root/$(dirname $file); cp -Ln $file root/$file
    done`,
  ])
  return status === 0
}

scenario(
  "a name that has several addresses is the one on the asker's bridge, also for a glibc whose image does not say `multi on`",
  (sandbox) => {
    assert.ok(makeGlibcImage(sandbox))
    const image = "image: dir:./root, command: [sleep, infinity]"
    const file = sandbox.file(
      "stack.yaml",
      `name: lab
bridges: { near: { address: 10.20.0.1/24 }, far: { address: 10.30.0.1/24 } }
containers:
  both: { command: [sleep, infinity], interfaces: { eth0: { bridge: near, address: 10.20.0.2/24 }, eth1: { bridge: far, address: 10.30.0.2/24 } } }
  asks: { ${image}, interfaces: { eth0: { bridge: far, address: 10.30.0.3/24 } } }
  sealed: { ${image}, read_only: true, interfaces: { eth0: { bridge: far, address: 10.30.0.4/24 } } }
  says: { ${image}, configs: [{ source: conf, target: /etc/host.conf }], interfaces: { eth0: { bridge: far, address: 10.30.0.5/24 } } }
configs: { conf: { content: multi off } }
`,
    )
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const first = (name: string) =>
      expectStatus(sandbox.stack(["exec", "-f", file, name, "--", "getent", "ahostsv4", "both"]), 0).stdout.split(" ")[0]
    assert.equal(["asks", "sealed", "says"].map(first), ["10.30.0.2", "10.30.0.2", "10.20.0.2"])
    // What the image says itself holds.
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    writeFileSync(`${sandbox.work}/root/etc/host.conf`, "multi off\n")
    apply(sandbox, file)
    assert.is(first("asks"), "10.20.0.2")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is(sandbox.run(["ls", "-A", "/var/lib/stack/containers"]).stdout, "")
  },
  ["getent", "ldd"],
)

test.run()
