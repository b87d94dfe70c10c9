import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import * as assert from "uvu/assert"
import type { PlanJson } from "../../support/lab.ts"
import { expectNoTrace, expectStatus, scenario, test, titleOf, verdicts } from "../../support/lab.ts"
import type { Ordinary } from "../../support/ordinary.ts"
import { ordinaryUser } from "../../support/ordinary.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const NEEDS = ["setpriv", "newuidmap", "newgidmap"]

const ONE = `name: one
containers:
  web: { image: host, command: [sleep, infinity] }
`
const LAN = `name: lan
bridges: { lan: { address: 10.9.0.1/24 } }
containers:
  a: { image: host, command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.9.0.2/24, gateway: 10.9.0.1 } } }
  b: { image: host, command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.9.0.3/24 } } }
`

/** Nothing is left: no process of the user's, no file, and of the machine's network nothing was ever touched. */
async function expectNothingLeft(sandbox: Sandbox, user: Ordinary): Promise<void> {
  const titles = () =>
    sandbox
      .processes()
      .map(titleOf)
      .filter((title) => title.startsWith("stack-"))
  for (let tries = 0; titles().length > 0 && tries < 50; tries++) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(titles(), [])
  const left = expectStatus(sandbox.run(["find", user.runtime, `${user.home}/.local/share`, "-mindepth", "1"]), 0)
  assert.is(left.stdout, "")
  assert.is(sandbox.run(["ls", "/var/lib/stack", "/run/stack"]).stdout, "/var/lib/stack:\n")
}

const applied = (user: Ordinary, file: string) => expectStatus(user.stack(["apply", "-y", "-f", file]), 0)
const destroyed = (user: Ordinary, file: string) => expectStatus(user.stack(["destroy", "-y", "-f", file]), 0)

function converged(user: Ordinary, file: string): void {
  assert.match(expectStatus(user.stack(["plan", "--detailed-exitcode", "-f", file]), 0).stdout, "No changes.")
}

scenario(
  "an ordinary user runs a container: planned, applied, entered, destroyed, and nothing is left",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const file = sandbox.file("one.yaml", ONE)
    expectStatus(user.stack(["plan", "--detailed-exitcode", "-f", file]), 2)
    await expectNothingLeft(sandbox, user)
    expectNoTrace(applied(user, file))
    converged(user, file)
    assert.match(user.stack(["show", "-f", file]).stdout, /^container\.web +running/m)
    const ran = expectStatus(user.stack(["exec", "-f", file, "web", "--", "sh", "-c", "id -u; touch /etc/mine; cat /proc/self/uid_map"]), 0)
    assert.match(ran.stdout, /^0\n +0 +\d+ +4096\n$/)
    const sleep = sandbox.processes().find((pid) => titleOf(pid) === "sleep infinity")
    const owner = statSync(`/proc/${sleep}`).uid
    assert.ok(owner >= 2_000_000 && owner < 2_065_536, `the container's root is ${owner} on the host`)
    assert.not.ok(existsSync("/etc/mine"))
    destroyed(user, file)
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

scenario(
  "bridges and pairs are in a network of the user's own, which stays until its last stack goes",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const [lan, one] = [sandbox.file("lan.yaml", LAN), sandbox.file("one.yaml", ONE)]
    const before = sandbox.run(["ip", "-o", "link"]).stdout
    applied(user, lan)
    applied(user, one)
    assert.is(sandbox.run(["ip", "-o", "link"]).stdout, before)
    expectStatus(user.stack(["exec", "-f", lan, "a", "--", "ping", "-c1", "-W3", "10.9.0.3"]), 0)
    expectStatus(user.stack(["exec", "-f", lan, "a", "--", "ping", "-c1", "-W3", "10.9.0.1"]), 0)
    const holder = sandbox.processes().find((pid) => titleOf(pid) === "stack-holder")
    const names = JSON.parse(sandbox.run(["nsenter", "-t", String(pidInside(holder)), "-n", "ip", "-j", "link"]).stdout).map(
      ({ ifname }: { ifname: string }) => ifname,
    )
    assert.ok(names.includes("lan-lan"), names.join(" "))
    sandbox.run(["nsenter", "-t", String(pidInside(holder)), "-n", "ip", "link", "set", "lan-lan", "mtu", "1400"])
    const plan: PlanJson = JSON.parse(user.stack(["plan", "--json", "-f", lan]).stdout)
    assert.equal(verdicts(plan), ["update bridge.lan"])
    applied(user, lan)
    converged(user, lan)
    destroyed(user, lan)
    converged(user, one)
    destroyed(user, one)
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

scenario(
  "an ordinary user's links are impaired and set down where they are, and apply heals them",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const lan = sandbox.file("lan.yaml", LAN)
    applied(user, lan)
    const ping = () => user.stack(["exec", "-f", lan, "a", "--", "ping", "-c1", "-W1", "10.9.0.3"]).status
    expectStatus(user.stack(["impair", "-f", lan, "a:eth0", "--rate", "1mbit"]), 0)
    expectStatus(user.stack(["link", "-f", lan, "down", "b:eth0"]), 0)
    assert.not.equal(ping(), 0)
    const plan: PlanJson = JSON.parse(user.stack(["plan", "--json", "-f", lan]).stdout)
    assert.equal(verdicts(plan), ["update interface.a.eth0", "update interface.b.eth0"])
    applied(user, lan)
    converged(user, lan)
    assert.is(ping(), 0)
    destroyed(user, lan)
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

/** As the sandbox numbers its processes. */
function pidInside(pid: number | undefined): number {
  return Number(/^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
}

scenario(
  "a bridge alone is held, too",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const file = sandbox.file("net.yaml", "name: net\nbridges: { lan: { address: 10.9.0.1/24 } }\n")
    applied(user, file)
    converged(user, file)
    destroyed(user, file)
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

scenario(
  "an apply that is killed goes on with the next one, and the namespaces go with the last stack",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const file = sandbox.file("lan.yaml", LAN)
    for (const wait of ["0.05", "0.2", "0.3", "0.35", "0.4", "0.45", "0.5", "0.6"]) {
      user.run(["timeout", "-s", "KILL", wait, process.execPath, `${sandbox.work}/stack/stack.js`, "apply", "-y", "-f", file])
      applied(user, file)
      converged(user, file)
      destroyed(user, file)
    }
    await expectNothingLeft(sandbox, user)
  },
  [...NEEDS, "timeout"],
)

scenario(
  "several commands at once share the namespaces, and the last one ends them",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const files = ["a", "b", "c"].map((name) => sandbox.file(`${name}.yaml`, ONE.replace("one", name)))
    const all = (word: string) =>
      Promise.all(
        files.map(
          (file) =>
            new Promise<string>((resolve) => {
              const child = sandbox.start(user.stackCommand(word, "-y", "-f", file), { env: user.environment })
              let said = ""
              child.stderr.on("data", (part: Buffer) => {
                said += part
              })
              child.once("close", (code) => resolve(code === 0 ? "done" : `${code}: ${said}`))
            }),
        ),
      )
    for (let round = 0; round < 3; round++) {
      assert.equal(await all("apply"), ["done", "done", "done"])
      assert.is(sandbox.processes().filter((pid) => titleOf(pid) === "stack-holder").length, 1)
      for (const file of files) converged(user, file)
      assert.equal(await all("destroy"), ["done", "done", "done"])
      await expectNothingLeft(sandbox, user)
    }
  },
  NEEDS,
)

scenario(
  "what needs root is told by name, and nothing is done",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const wishes: [key: string, told: RegExp][] = [
      ["limits: { memory: 64M }", /4:23: error: limits\.memory needs the memory controller, and no cgroup with it belongs to this user/],
      ["namespaces: { user: host }", /4:25: error: namespaces\.user: host needs root/],
      ["namespaces: { pid: host }", /4:24: error: namespaces\.pid: host needs root/],
      ['idmap: { uid: ["0 100000 65536"] }', /4:12: error: the ids 100000-165535 are not this user's/],
      ["init: systemd", /4:11: error: init: systemd needs root/],
    ]
    for (const [key, told] of wishes) {
      const file = sandbox.file(
        "stack.yaml",
        `name: one\ncontainers:\n  web:\n    ${key}\n    image: host\n    command: [sleep, infinity]\n`,
      )
      const ran = expectStatus(user.stack(["apply", "-y", "-f", file]), 1)
      assert.match(ran.stderr, told)
      expectNoTrace(ran)
      await expectNothingLeft(sandbox, user)
    }
  },
  NEEDS,
)

scenario(
  "the store of images of who has no subordinate ids is root's, who says so",
  (sandbox) => {
    const user = ordinaryUser(sandbox, { ids: 0 })
    const folders = "mkdir -p /var/lib/stack/images/images /var/lib/stack/images/refs && chmod 700 /var/lib/stack/images"
    expectStatus(sandbox.run(["sh", "-c", folders]), 0)
    for (const args of [["ls"], ["inspect", "tar:/x"], ["rm", "tar:/x"], ["prune", "-y"]]) {
      const ran = expectStatus(user.stack(["image", ...args]), 1)
      assert.match(ran.stderr, "error: this needs CAP_", args[0])
      expectNoTrace(ran)
    }
    assert.match(user.stack(["image", "ls"]).stderr, "the store of images, which is root's, cannot be read whole")
  },
  NEEDS,
)

/** Mount points of cgroup hierarchies, as a shell loop over `$m`; `$t` is the type. */
const EACH_HIERARCHY = `awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5, $(i + 1) }' /proc/self/mountinfo | while read -r m t; do`

/** A group in each hierarchy that is the user's; on cgroup2 with one below it for who works there: who has members lends no controllers. */
const DELEGATE = `${EACH_HIERARCHY}
  mkdir $m/delegated
  [ -e $m/cpuset.mems ] && [ $t = cgroup ] && cat $m/cpuset.mems > $m/delegated/cpuset.mems && cat $m/cpuset.cpus > $m/delegated/cpuset.cpus
  [ $t = cgroup2 ] && mkdir $m/delegated/leaf
  chown -R 12345:12345 $m/delegated
done`

/** Brings the shell itself there: the loop runs in a process of its own. */
const ENTER = `shell=$$; ${EACH_HIERARCHY}
  if [ $t = cgroup2 ]; then echo $shell > $m/delegated/leaf/cgroup.procs; else echo $shell > $m/delegated/cgroup.procs; fi
done; exec "$@"`

scenario(
  "limits hold in groups that were delegated to the user",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    expectStatus(sandbox.run(["sh", "-c", DELEGATE]), 0)
    const file = sandbox.file("one.yaml", ONE.replace("web: {", "web: { limits: { memory: 64M, pids: 20 },"))
    const run = (...args: string[]) => sandbox.run(["sh", "-c", ENTER, "enter", ...user.stackCommand(...args)], { env: user.environment })
    expectStatus(run("apply", "-y", "-f", file), 0)
    assert.match(expectStatus(run("plan", "--detailed-exitcode", "-f", file), 0).stdout, "No changes.")
    const sleep = sandbox.processes().find((pid) => titleOf(pid) === "sleep infinity")
    assert.match(readFileSync(`/proc/${sleep}/cgroup`, "utf8"), /\/delegated\/stack\/one\/web$/m)
    const limits = sandbox.groups.flatMap(({ folder }) =>
      ["memory.max", "memory.limit_in_bytes", "pids.max"]
        .map((name) => `${folder}/delegated/stack/one/web/${name}`)
        .filter((path) => existsSync(path)),
    )
    assert.equal(limits.map((path) => readFileSync(path, "utf8").trim()).sort(), ["20", "67108864"])
    // From outside of them the groups cannot be worked in: that is said, and nothing is taken for drift.
    assert.match(expectStatus(user.stack(["plan", "-f", file]), 1).stderr, "stack one is in cgroups that were delegated to this user")
    expectStatus(run("destroy", "-y", "-f", file), 0)
    for (const { folder } of sandbox.groups) assert.not.ok(readdirSync(`${folder}/delegated`).includes("stack"))
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

scenario(
  "a mount in a folder of the host's is in the way of its overlay, and is named",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    expectStatus(sandbox.run(["mount", "--bind", "/etc/hostname", "/etc/hostname"]), 0)
    const ran = expectStatus(user.stack(["apply", "-y", "-f", sandbox.file("one.yaml", ONE)]), 1)
    assert.match(ran.stderr, /one\.yaml:3:17: error: image host needs root here: \/etc\/hostname is a mount in it/)
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

scenario(
  "without newuidmap it says what to install, and leaves nothing",
  async (sandbox) => {
    const user = ordinaryUser(sandbox)
    const program = [process.execPath, `${sandbox.work}/stack/stack.js`, "apply", "-y", "-f", sandbox.file("one.yaml", ONE)]
    const ran = expectStatus(user.run(["env", "PATH=/nowhere", ...program]), 1)
    assert.match(ran.stderr, "newuidmap and newgidmap are not installed")
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

scenario(
  "a user without ids of its own is told what it lacks",
  async (sandbox) => {
    const user = ordinaryUser(sandbox, { ids: 0 })
    const ran = expectStatus(user.stack(["apply", "-y", "-f", sandbox.file("one.yaml", ONE)]), 1)
    assert.match(ran.stderr, /this needs CAP_CHOWN/)
    assert.match(ran.stderr, /usermod --add-subuids/)
    await expectNothingLeft(sandbox, user)
  },
  NEEDS,
)

test.run()
