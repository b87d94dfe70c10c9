import { writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectNoTrace, expectStatus, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const GARBAGE: [what: string, text: string, words: RegExp][] = [
  ["an unknown key", "name: lab\nbridgs: {}\n", /stack\.yaml:2:1\b[\s\S]*bridgs[\s\S]*bridges/],
  ["not YAML", "name: [a\n  b: {\n", /stack\.yaml:\d+:\d+/],
  ["nothing", "", /stack\.yaml/],
  ["a list", "- a\n- b\n", /stack\.yaml:1:1/],
  [
    "a wrong type",
    "name: lab\ncontainers: { web: { image: host, command: [sleep, '1'], limits: { memory: plenty } } }\n",
    /stack\.yaml:2:\d+[\s\S]*memory/,
  ],
  [
    "an unknown bridge",
    "name: lab\ncontainers: { web: { image: host, command: [x], interfaces: { eth0: { bridge: nowhere } } } }\n",
    /stack\.yaml:2:\d+[\s\S]*nowhere/,
  ],
  [
    "a cycle",
    "name: lab\ncontainers:\n  a: { image: host, command: [x], depends_on: [b] }\n  b: { image: host, command: [x], depends_on: [a] }\n",
    /stack\.yaml:\d+:\d+[\s\S]*a -> b -> a/,
  ],
  [
    "a bomb of aliases",
    `a: &a [x, x]\n${"bcdefghijk"
      .split("")
      .map((c, i) => `${c}: &${c} [${`*${"abcdefghij"[i]}, `.repeat(9)}]`)
      .join("\n")}\n`,
    /stack\.yaml/,
  ],
  ["a deep nest", `${"[".repeat(5000)}\n`, /stack\.yaml/],
  ["two documents", "name: a\n---\nname: b\n", /stack\.yaml:\d+:\d+/],
  ["a tag", "name: !!js/function 'x'\n", /stack\.yaml:1:\d+/],
]

scenario("a user whom the image does not have is told at plan time, and the container that runs is left alone", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: lab\ncontainers:\n  web: { command: [sleep, infinity] }\n")
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  for (const user of ["nobodyatall", "nobody:nogroupatall"]) {
    sandbox.file("stack.yaml", `name: lab\ncontainers:\n  web: { command: [sleep, infinity], user: "${user}" }\n`)
    for (const command of [["plan"], ["apply", "-y"]]) {
      const ran = expectStatus(sandbox.stack([...command, "-f", file]), 1)
      assert.match(ran.stderr, /stack\.yaml:3:44: error: the image has no (user|group) "no\w+atall"/)
    }
  }
  assert.equal(live(sandbox, "lab", "web"), before)
})

const REFUSED: [what: string, entry: string, place: string, words: RegExp][] = [
  ["a program that is not there", "command: [nosuchprogram]", "3:19", /nosuchprogram is in no folder of PATH/],
  [
    "a sysctl of a link with a dot in its name",
    "command: [sleep, '9'], sysctls: { net.ipv4.conf.eth0.10.rp_filter: 1 }",
    "3:77",
    /if the link is called eth0\.10, it is net\.ipv4\.conf\.eth0\/10\.rp_filter/,
  ],
  ["a sysctl's value", "command: [sleep, '9'], sysctls: { net.ipv4.ip_local_port_range: abc }", "3:74", /does not take this value/],
  [
    "too little memory to start",
    "command: [sleep, '9'], limits: { memory: 64K }",
    "3:51",
    /killed it for want of memory: .* limits\.memory \(64K\)/,
  ],
  ["a file as the folder", "command: [sleep, '9'], working_dir: /etc/passwd", "3:46", /\/etc\/passwd is no folder in the image/],
  [
    "a filter that refuses execve",
    "command: [sleep, '9'], security_opt: [seccomp=no-exec.json]",
    "3:47",
    /run sleep: EPERM[\s\S]*the seccomp profile that it is given may refuse execve/,
  ],
  [
    "one that refuses even to say so, and to end",
    "command: [sleep, '9'], security_opt: [seccomp=nothing.json]",
    "3:47",
    /was killed by its seccomp profile, which does not let it start/,
  ],
  ["too few open files to begin with", "command: [sleep, '9'], ulimits: { nofile: 1 }", "3:52", /hint: even to begin, .* ulimits\.nofile/],
  ["too little memory to begin with", "command: [sleep, '9'], ulimits: { data: 1 }", "3:50", /hint: even to begin, .* ulimits\.data/],
  [
    "what a file of cgroup2 does not take",
    "command: [sleep, '9'], limits: { unified: { cgroup.max.depth: deep } }",
    "3:72",
    /write cgroup\.max\.depth in \S+: EINVAL/,
  ],
]

scenario("what only the kernel refuses: file:line:column, and what to do", (sandbox) => {
  sandbox.file("nothing.json", '{ "defaultAction": "SCMP_ACT_ERRNO" }')
  const refused = '{ "names": ["execve"], "action": "SCMP_ACT_ERRNO" }'
  sandbox.file("no-exec.json", `{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [${refused}] }`)
  for (const [what, entry, place, words] of REFUSED) {
    const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n  web: { ${entry} }\n`)
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
    assert.match(ran.stderr, `stack.yaml:${place}: error: `, what)
    assert.match(ran.stderr, words, what)
    expectNoTrace(ran)
  }
  expectStatus(sandbox.stack(["destroy", "-y", "-p", "lab"]), 0)
})

scenario("limits that name what this host does not have are told at plan time", (sandbox) => {
  const limits = "{ io: [{ device: /dev/nosuch, rbps: 1M }], unified: { nosuch.file: 1 }, cpuset: '0,8190-8191' }"
  const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n  web: { command: [sleep, infinity], limits: ${limits} }\n`)
  const ran = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  assert.match(ran.stderr, /stack\.yaml:3:\d+: error: this host has no block device \/dev\/nosuch\n/)
  assert.match(
    ran.stderr,
    /stack\.yaml:3:\d+: error: this machine has no processors 8190-8191\n[\s\S]*?hint: it has 0(-\d+)?: write some of these/,
  )
  assert.match(ran.stderr, /stack\.yaml:3:\d+: error: (no cgroup hierarchy of this host has the nosuch controller|nosuch\.file is a file)/)
  expectNoTrace(ran)
})

scenario("kernel parameters that no container could have are told at plan time", (sandbox) => {
  const sysctls = "{ net.ipv4.ip_forwrd: 1, net/ipv6/conf/all/forwardin: 1, kernel.shm_no_such_thing: 1, net.ipv4.conf.later.rp_filter: 2 }"
  const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n  web: { command: [sleep, infinity], sysctls: ${sysctls} }\n`)
  const ran = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  assert.match(
    ran.stderr,
    /stack\.yaml:3:\d+: error: this kernel has no net\.ipv4\.ip_forwrd\n[\s\S]*?hint: did you mean `net\.ipv4\.ip_forward`\?/,
  )
  assert.match(
    ran.stderr,
    /this kernel has no net\.ipv6\.conf\.all\.forwardin\n[\s\S]*?hint: did you mean `net\.ipv6\.conf\.all\.forwarding`\?/,
  )
  assert.match(ran.stderr, /this kernel has no kernel\.shm_no_such_thing\n[\s\S]*?hint: `sysctl -a`/)
  assert.not.match(ran.stderr, "no net.ipv4.conf.later")
  expectNoTrace(ran)
})

/** Files of a tmpfs are memory that the kernel can take back only to swap. */
const EATER = "head -c 30000000 /dev/zero > /dev/shm/full; echo full; sleep 1000"

scenario("a limit of memory below what is in use: v1 refuses it, and it is said how much that is", async (sandbox) => {
  const stack = (memory: string) =>
    `name: lab\ncontainers:\n  web: { command: [sh, -c, "${EATER}"], limits: { memory: ${memory}, memory_swap: 0 } }\n`
  const file = sandbox.file("stack.yaml", stack("256M"))
  apply(sandbox, file)
  while (!sandbox.stack(["logs", "-f", file, "web"]).stdout.includes("full")) await new Promise((resolve) => setTimeout(resolve, 100))
  sandbox.file("stack.yaml", stack("8M"))
  const ran = sandbox.stack(["apply", "-y", "-f", file])
  // v2 takes it, and kills.
  if (sandbox.groups.some((group) => group.controllers.includes("memory")))
    assert.match(expectStatus(ran, 1).stderr, /hint: more memory( and swap)? is in use than the new limit: \d+K? now/)
})

scenario("an error of all replicas is shown once, and names them", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: lab\ncontainers:\n  box: { command: [nosuchprogram], replicas: 3 }\n")
  const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.is(stderr.split("3 |   box:").length, 2)
  assert.match(stderr, "  the same of container.box[1], container.box[2]\n")
})

scenario("garbage: exit 1, file:line:column, no stack trace, nothing made", (sandbox) => {
  const before = readTraces(sandbox)
  for (const [what, text, words] of GARBAGE) {
    const file = sandbox.file("stack.yaml", text)
    for (const command of ["validate", "plan", "apply"]) {
      const ran = expectStatus(sandbox.stack([command, "-f", file, ...(command === "apply" ? ["-y"] : [])]), 1)
      assert.match(ran.stderr, words, what)
      assert.is(ran.stdout, "", what)
      expectNoTrace(ran)
    }
  }
  writeFileSync(`${sandbox.work}/bytes.yaml`, Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]))
  expectNoTrace(expectStatus(sandbox.stack(["plan", "-f", "bytes.yaml"]), 1))
  expectSameTraces(readTraces(sandbox), before)
})

scenario("all mistakes of a file at once", (sandbox) => {
  const ran = expectStatus(
    sandbox.stack([
      "validate",
      "-f",
      sandbox.file("stack.yaml", "name: lab\nbridges: { lan: { adress: 1, mtu: small } }\ncontainers: { web: { imag: host } }\n"),
    ]),
    1,
  )
  for (const word of ["adress", "mtu", "imag"]) assert.match(ran.stderr, word)
})

scenario("no file, a folder, no right to read", (sandbox) => {
  for (const args of [["plan"], ["plan", "-f", "missing.yaml"], ["plan", "-f", "."]]) {
    const ran = expectStatus(sandbox.stack(args), 1)
    assert.match(ran.stderr, /stack\.ya?ml|missing\.yaml|\./)
    expectNoTrace(ran)
  }
})

scenario("bad usage is 64", (sandbox) => {
  for (const args of [["frobnicate"], ["plan", "--no-such-flag"], ["apply", "--parallelism", "many"], ["plan", "-f"]]) {
    const ran = expectStatus(sandbox.stack(args), 64)
    assert.ok(ran.stderr.length > 0)
    expectNoTrace(ran)
  }
})

scenario(
  "an ordinary user is told which capability is missing",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", "name: lab\nbridges: { lan: { address: 10.20.0.1/24 } }\n")
    const before = readTraces(sandbox)
    sandbox.run(["chmod", "-R", "go+rX", sandbox.work, `${sandbox.work}/..`])
    for (const args of [
      ["apply", "-y", "-f", file],
      ["destroy", "-y", "-f", file],
    ]) {
      const ran = sandbox.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...sandbox.command(...args)])
      if (args[0] === "apply" || ran.status !== 0) {
        expectStatus(ran, 1)
        assert.match(ran.stderr, /CAP_[A-Z_]+/)
      }
      expectNoTrace(ran)
    }
    const weak = sandbox.run([
      "setpriv",
      "--bounding-set=-net_admin",
      "--inh-caps=-net_admin",
      ...sandbox.command("apply", "-y", "-f", file),
    ])
    expectStatus(weak, 1)
    assert.match(weak.stderr, "CAP_NET_ADMIN")
    expectSameTraces(readTraces(sandbox), before)
  },
  ["setpriv"],
)

scenario(
  "who may only read sees a live stack whole",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", "name: lab\ncontainers: { web: { command: [sleep, infinity], limits: { memory: 64M } } }\n")
    apply(sandbox, file)
    sandbox.run(["chmod", "-R", "go+rX", sandbox.work, `${sandbox.work}/..`])
    const capabilities = "-all,+dac_read_search,+sys_ptrace,+sys_admin"
    const rights = ["--reuid=65534", "--regid=65534", "--clear-groups", `--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`]
    const as = (...args: string[]) => sandbox.run(["setpriv", ...rights, ...sandbox.command(...args)])
    assert.match(expectStatus(as("plan", "-f", file), 0).stdout, "No changes.")
    const shown = expectStatus(as("show", "-f", file), 0)
    assert.match(shown.stdout, /container\.web +running/)
    assert.is(shown.stderr, "")
  },
  ["setpriv"],
)

const without = (sandbox: Sandbox, capability: string, ...args: string[]) =>
  sandbox.run(["setpriv", `--bounding-set=-${capability}`, `--inh-caps=-${capability}`, ...sandbox.command(...args)])

scenario(
  "a capability that only a shared namespace needs is named before anything is done, and asked of no other container",
  (sandbox) => {
    const box = (rest: string) => `{ command: [sleep, infinity]${rest} }`
    const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n  own: ${box("")}\n`)
    for (const capability of ["setpcap", "sys_chroot"]) expectStatus(without(sandbox, capability, "apply", "-y", "-f", file), 0)
    const shares = ", namespaces: { user: host, mount: 'container:own' }"
    sandbox.file("stack.yaml", `name: lab\ncontainers:\n  own: ${box("")}\n  shared: ${box(shares)}\n`)
    for (const capability of ["setpcap", "sys_chroot"]) {
      const name = `CAP_${capability.toUpperCase()}`
      const before = readTraces(sandbox)
      const ran = expectStatus(without(sandbox, capability, "apply", "-y", "-f", file), 1)
      assert.match(ran.stderr, new RegExp(`stack\\.yaml:4:\\d+: error: this needs ${name}`))
      assert.match(expectStatus(without(sandbox, capability, "plan", "-f", file), 0).stderr, new RegExp(`warning: this needs ${name}`))
      expectSameTraces(readTraces(sandbox), before)
      expectStatus(without(sandbox, capability, "exec", "-f", file, "own", "--", "true"), 0)
    }
    sandbox.file("stack.yaml", `name: lab\ncontainers:\n  own: ${box(", namespaces: { user: host }")}\n`)
    apply(sandbox, file)
    for (const capability of ["setpcap", "sys_chroot"]) {
      const ran = expectStatus(without(sandbox, capability, "exec", "-f", file, "own", "--", "true"), 1)
      assert.match(ran.stderr, `CAP_${capability.toUpperCase()}`)
    }
  },
  ["setpriv"],
)

scenario(
  "who may not map host id 0 is told so before anything is done",
  (sandbox) => {
    const box = '{ command: [sleep, infinity], idmap: { uid: ["0 0 1", "1 100001 1000"], unsafe: true } }'
    const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n  own: ${box}\n`)
    const before = readTraces(sandbox)
    const ran = expectStatus(without(sandbox, "setfcap", "apply", "-y", "-f", file), 1)
    assert.match(ran.stderr, /stack\.yaml:3:\d+: error: this needs CAP_SETFCAP\n.*\n.*\n {2}its idmap maps host id 0/)
    expectSameTraces(readTraces(sandbox), before)
    apply(sandbox, file)
    assert.match(expectStatus(without(sandbox, "setfcap", "plan", "-f", file), 0).stdout, "No changes.")
  },
  ["setpriv"],
)

scenario("a reader that goes away early is no error worth a stack trace", (sandbox) => {
  const boxes = Array.from({ length: 200 }, (_, i) => `  b${i}: { image: host, command: [sleep, infinity] }\n`).join("")
  const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n${boxes}`)
  for (const args of [
    ["plan", "-f", file],
    ["plan", "--json", "-f", file],
    ["graph", "-f", file],
  ]) {
    const ran = sandbox.run(["bash", "-c", '"$@" | head -c 1 > /dev/null', "bash", ...sandbox.command(...args)])
    expectNoTrace(ran)
    assert.is(ran.stderr, "")
  }
})

scenario("standard output that takes no more: one line, and never a stack trace", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: lab\nbridges: { lan: {} }\n")
  for (const args of [
    ["plan", "-f", file],
    ["plan", "--json", "-f", file],
    ["apply", "-y", "--json", "-f", file],
  ]) {
    const ran = sandbox.run(["bash", "-c", '"$@" > /dev/full', "bash", ...sandbox.command(...args)])
    assert.equal([ran.status, ran.stderr], [1, "error: standard output cannot be written: ENOSPC\n"], args.join(" "))
  }
})

scenario("an endless standard input is read no further than a stack file may be long", (sandbox) => {
  const ran = sandbox.run(["bash", "-c", 'yes "x-a: 1" | timeout 20 "$@"', "bash", ...sandbox.command("validate", "-f", "-")])
  assert.match(expectStatus(ran, 1).stderr, "standard input is larger than 1 MiB")
  const bytes = sandbox.run(["bash", "-c", `printf 'a: \\351\\n' | "$@"`, "bash", ...sandbox.command("validate", "-f", "-")])
  assert.match(expectStatus(bytes, 1).stderr, "<stdin>:1:4: error: not UTF-8: byte 0xe9")
})

scenario("without a terminal and without -y, apply asks nobody and does nothing", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: lab\nbridges: { lan: {} }\n")
  const before = readTraces(sandbox)
  const ran = sandbox.stack(["apply", "-f", file])
  assert.is.not(ran.status, 0)
  expectNoTrace(ran)
  expectSameTraces(readTraces(sandbox), before)
  apply(sandbox, file)
})

test.run()
