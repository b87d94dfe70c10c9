/** What lies in the run folder is trusted: so what is not as it was made is told by its name, and nothing is changed. */
import * as assert from "uvu/assert"
import { apply, expectNoTrace, expectStatus, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const LAB = "name: lab\ncontainers: { web: { command: [sleep, infinity] } }\n"
const OTHER = "name: lab\ncontainers: { web: { command: [sleep, infinity] }, db: { command: [sleep, infinity] } }\n"

/** What root has done by hand in /run/stack, and what is said of it. */
const DAMAGES: [what: string, script: string, words: RegExp][] = [
  ["all stacks' folder is a link", "mv stack real && ln -s real stack", /\/run\/stack is a symbolic link to real/],
  ["all stacks' folder lets others write", "chmod 777 stack", /\/run\/stack lets others change what is in it \(mode 777\)/],
  ["the stack's folder is a link", "mv stack/lab lab && ln -s /run/lab stack/lab", /\/run\/stack\/lab is a symbolic link to \/run\/lab/],
  ["the stack's folder is another's", "chown 1000 stack/lab", /\/run\/stack\/lab belongs to user 1000, not to root/],
  ["the stack's folder lets others in", "chmod 755 stack/lab", /\/run\/stack\/lab lets others in \(mode 755\)/],
  [
    "a container's folder is a link",
    "mv stack/lab/web w && ln -s /run/w stack/lab/web",
    /\/run\/stack\/lab\/web is a symbolic link to \/run\/w/,
  ],
  ["a container's folder is a file", "touch stack/lab/db", /\/run\/stack\/lab\/db is a file/],
  ["a container's folder is another's", "chown 1000:1000 stack/lab/web", /\/run\/stack\/lab\/web belongs to user 1000/],
  [
    "the record is a link",
    "mv stack/lab/web/spec.json s && ln -s /run/s stack/lab/web/spec.json",
    /web\/spec\.json is a symbolic link to \/run\/s/,
  ],
  ["the record is a folder", "rm stack/lab/web/spec.json; mkdir stack/lab/web/spec.json", /web\/spec\.json is a folder/],
  ["the record is a pipe", "rm stack/lab/web/spec.json; mkfifo stack/lab/web/spec.json", /web\/spec\.json is no file/],
  ["the record is another's", "chown 1000 stack/lab/web/spec.json", /web\/spec\.json belongs to user 1000/],
  ["others may write the record", "chmod 666 stack/lab/web/spec.json", /web\/spec\.json lets others change it \(mode 666\)/],
  ["the log is a link", "ln -sf /etc/passwd stack/lab/web/log", /web\/log is a symbolic link to \/etc\/passwd/],
  ["the state is a link that leads nowhere", "ln -s /nowhere stack/lab/web/state", /web\/state is a symbolic link to \/nowhere/],
  ["the lock is a link", "rm -f stack/lab/lock; ln -s /run/victim stack/lab/lock", /lab\/lock is a symbolic link to \/run\/victim/],
  [
    "the record of the last apply is elsewhere",
    "mv stack/lab/.applied w && ln -s /run/w stack/lab/.applied",
    /\.applied is a symbolic link to \/run\/w/,
  ],
  [
    "that record is a link",
    "ln -sf /run/victim stack/lab/.applied/attributes.json",
    /attributes\.json is a symbolic link to \/run\/victim/,
  ],
  ["that record is another's", "chown 1000 stack/lab/.applied/attributes.json", /attributes\.json belongs to user 1000/],
  ["who waits is a link", "ln -s /run/victim stack/lab/.unconfirmed", /\.unconfirmed is a symbolic link to \/run\/victim/],
  ["what no container is called", "mkdir -m 700 $'stack/lab/a b\\e[2J'", /"\/run\/stack\/lab\/a b\\u001b\[2J" is no container's/],
  ["the lock is a folder", "rm -f stack/lab/lock; mkdir stack/lab/lock", /lab\/lock is a folder/],
]

const spec = (edit: string) =>
  `python3 - <<'E'\nimport json\np = "stack/lab/web/spec.json"\nr = json.load(open(p))\n${edit}\njson.dump(r, open(p, "w"))\nE`
const GARBAGE: typeof DAMAGES = [
  ["bytes", "head -c 5000 /dev/urandom > stack/lab/web/spec.json", /web\/spec\.json: it is no JSON/],
  ["nothing", ": > stack/lab/web/spec.json", /web\/spec\.json: it is no JSON/],
  ["much too much", "yes '[1, 2]' | head -c 30000000 > stack/lab/web/spec.json", /web\/spec\.json: it is no JSON/],
  ["deep", `python3 -c 'print("[" * 100000 + "]" * 100000)' > stack/lab/web/spec.json`, /web\/spec\.json: it is no (JSON|map)/],
  ["a later version", spec('r["version"] = 2'), /web\/spec\.json: its version is 2/],
  ["attributes that are none", spec('r["attributes"] = 5'), /web\/spec\.json: attributes is no map/],
  ["a map that is none", spec('r["attributes"]["uid_map"] = [None]'), /web\/spec\.json: attributes\.uid_map\[0\] is no map/],
  ["a group elsewhere", spec('r["attributes"]["cgroup"] = "../other"'), /web\/spec\.json: attributes\.cgroup is no name of a cgroup/],
]

/** One that is watched, and started again. */
const WATCHED =
  "name: lab\ncontainers: { web: { command: [sleep, infinity], restart: always, healthcheck: { test: [CMD, 'true'], interval: 1h } } }\n"
const BY_MONITOR: typeof DAMAGES = [
  ...["check", "health", "launch", "restarts"].map((name): (typeof DAMAGES)[number] => [
    `${name} is a pipe`,
    `rm -f stack/lab/web/${name}; mkfifo stack/lab/web/${name}`,
    new RegExp(`web/${name} is no file`),
  ]),
  ["the health is a link", "ln -sf /etc/passwd stack/lab/web/health", /web\/health is a symbolic link to \/etc\/passwd/],
]

function damaged(sandbox: Sandbox, script: string): void {
  sandbox.run(["bash", "-c", `cd /run && ${script}`])
}

/** Each damage is done to the folder as the apply left it. */
function expectRefused(sandbox: Sandbox, damages: typeof DAMAGES, text = LAB): void {
  const file = sandbox.file("stack.yaml", text)
  const more = sandbox.file("more.yaml", OTHER)
  apply(sandbox, file)
  damaged(sandbox, "cp -a stack whole")
  for (const [what, script, words] of damages) {
    damaged(sandbox, script)
    const before = readTraces(sandbox)
    for (const args of [
      ["plan", "-f", more],
      ["apply", "-y", "-f", more],
      ["destroy", "-y", "-f", file],
      ["show", "-f", file],
    ]) {
      const ran = expectStatus(sandbox.stack(args), 1)
      assert.match(ran.stderr, words, `${what}: ${args[0]}`)
      expectNoTrace(ran)
      expectSameTraces(readTraces(sandbox), before, `${what}: ${args[0]}`)
    }
    damaged(sandbox, "rm -rf stack real lab w s victim; cp -a whole stack")
  }
}

scenario("what is not of its sort, or not root's alone, is named, and nothing is changed", (sandbox) => expectRefused(sandbox, DAMAGES))

scenario("what a monitor reads and writes there is looked at like the rest: nothing waits for a pipe", (sandbox) =>
  expectRefused(sandbox, BY_MONITOR, WATCHED),
)

scenario("a record that nobody understands is named, and nothing is changed", (sandbox) => expectRefused(sandbox, GARBAGE), ["python3"])

scenario("a record that nobody understands, once it is removed: the container is made anew", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  damaged(sandbox, "echo nonsense > stack/lab/web/spec.json")
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr, "hint: remove it")
  damaged(sandbox, "rm stack/lab/web/spec.json")
  apply(sandbox, file)
  assert.is(sandbox.stack(["exec", "-f", file, "web", "--", "true"]).status, 0)
})

scenario("a log that leads elsewhere is not shown", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  damaged(sandbox, "ln -sf /etc/passwd stack/lab/web/log")
  const ran = expectStatus(sandbox.stack(["logs", "-f", file, "web"]), 1)
  assert.is(ran.stdout, "")
  assert.match(ran.stderr, "web/log is a symbolic link to /etc/passwd")
})

const NEEDY = `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  web:
    command: [sleep, infinity]
    restart: always
    dns: 10.20.0.1
    extra_hosts: { far: 10.20.0.9 }
    healthcheck: { test: [CMD, "true"] }
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } }
`
const tmpfs = (bounds: string) => `mkdir -p /run/stack && mount -t tmpfs -o mode=755,${bounds} none /run/stack`

/** Where nothing can be written, from the first file to the last, and what is to be done. */
const UNWRITABLE: [what: string, script: string, words: RegExp][] = [
  ["no file may be larger than nothing", "ulimit -f 0", /^error: write \/run\/stack\/lab\/lock: EFBIG\n {2}hint: .*`ulimit -f`/m],
  ["or than a record", "ulimit -f 1", /error: write \/run\/stack\/lab\/web\/spec\.json: EFBIG\n(.*\n){2} {2}hint: .*`ulimit -f`/],
  ["it is mounted read-only", tmpfs("ro"), /^error: mkdir \/run\/stack\/lab: EROFS\n {2}hint: .*`findmnt -T \/run\/stack`/m],
  ...[1, 2, 4, 9].map((files): (typeof UNWRITABLE)[number] => [
    `only ${files} files fit`,
    tmpfs(`nr_inodes=${files}`),
    /error: \S+ \/run\/stack\/\S+: ENOSPC\n(.*\n){0,3}? {2}hint: nothing more fits there: `df \/run\/stack/,
  ]),
  ...[1, 5].map((pages): (typeof UNWRITABLE)[number] => [
    `only ${pages} pages fit`,
    tmpfs(`nr_blocks=${pages}`),
    /error: write \/run\/stack\/lab\/\S+: ENOSPC\n(.*\n){0,3}? {2}hint: nothing more fits there: `df \/run\/stack\/lab/,
  ]),
]

for (const [what, script, words] of UNWRITABLE) {
  scenario(`${what}: what could not be written is told, and what to do; what was made goes`, (sandbox) => {
    const file = sandbox.file("stack.yaml", NEEDY)
    const before = readTraces(sandbox)
    const command = (...args: string[]) => sandbox.command(...args, "-f", file).join(" ")
    const ran = sandbox.run(["sh", "-c", `${script}\n{ ${command("apply", "-y")} 2>&1; } | cat`])
    assert.match(ran.stdout, words)
    expectNoTrace({ ...ran, stderr: ran.stdout })
    sandbox.run(["umount", "-l", "/run/stack"])
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), before)
  })
}

test.run()
