/** What bridges and their ports are set to, changed on a running lab, and looked at with bridge(8). */
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { again, lab, ping, turn } from "../../support/bridge-lab.ts"
import { apply, expectConverged, expectStatus, planOf, scenario, test, verdicts } from "../../support/lab.ts"

scenario("options of a bridge and its ports are made with them, changed in place and taken back", (sandbox) => {
  const options = "stp: true, priority: 100, forward_delay: 2, hello_time: 1, max_age: 6, group_fwd_mask: 0x4000, mcast_snooping: false"
  const port = "host_end: { isolated: true, root_block: true, cost: 100, guard: true }"
  const file = sandbox.file("stack.yaml", lab(options, port, "host_end: { isolated: true }"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  again(sandbox)
  assert.match(readFileSync(`${sandbox.work}/again.yaml`, "utf8"), "isolated: true")
  const data = () => JSON.parse(sandbox.run(["ip", "-j", "-d", "link", "show", "lab-lan"]).stdout)[0].linkinfo.info_data
  const { stp_state, priority, forward_delay, hello_time, max_age, mcast_snooping } = data()
  assert.equal([stp_state, priority, forward_delay, hello_time, max_age, mcast_snooping], [1, 100, 200, 100, 600, 0])
  const slave = () => JSON.parse(sandbox.run(["ip", "-j", "-d", "link", "show", "lab-web-eth0"]).stdout)[0].linkinfo.info_slave_data
  assert.equal([slave().isolated, slave().root_block, slave().cost, slave().guard], [true, true, 100, true])
  turn(sandbox, lab("forward_delay: 0", "", "host_end: { isolated: true }"), ["update bridge.lan", "update interface.web.eth0"])
  assert.equal([data().stp_state, data().forward_delay, data().priority, data().group_fwd_mask], [0, 0, 0x8000, "0"])
  assert.equal([slave().isolated, slave().cost], [false, 2])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenario("isolated ports reach the bridge, and not each other", (sandbox) => {
  const isolated = "host_end: { isolated: true }"
  const file = sandbox.file("stack.yaml", lab("", isolated, isolated))
  apply(sandbox, file)
  assert.equal([ping(sandbox, "web", "10.20.0.1"), ping(sandbox, "web", "10.20.0.3")], [0, 1])
  turn(sandbox, lab("", isolated, ""), ["update interface.db.eth0"])
  assert.is(ping(sandbox, "web", "10.20.0.3"), 0)
})

scenario(
  "a port that somebody shuts is drift, and opened again, also beside a spanning tree; what that decides, or where nothing is at its other end, is none",
  (sandbox) => {
    // With a delay a port goes on to forward by itself from two of its states, for as long after it came.
    const file = sandbox.file("stack.yaml", lab("forward_delay: 0", "", ""))
    apply(sandbox, file)
    const shown = () => JSON.parse(sandbox.run(["bridge", "-j", "link", "show", "dev", "lab-web-eth0"]).stdout)[0].state
    for (const [state, word] of ["disabled", "listening", "learning"].entries()) {
      expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", String(state)]), 0)
      assert.is(ping(sandbox, "web", "10.20.0.1"), 1, word)
      const plan = planOf(sandbox, file)
      assert.equal(verdicts(plan), ["update interface.web.eth0"])
      assert.equal((plan.drift as { fields: object }[])[0]?.fields, [{ path: "host_end.state", before: word, after: "forwarding" }])
      apply(sandbox, file)
      expectConverged(sandbox, file)
      assert.is(shown(), "forwarding")
      assert.is(ping(sandbox, "web", "10.20.0.1"), 0, word)
    }
    turn(sandbox, lab("", "up: false", ""), ["update bridge.lan", "update interface.web.eth0"])
    assert.is(shown(), "disabled")
    turn(sandbox, lab("", "", ""), ["update interface.web.eth0"])
    // Shut while a spanning tree comes, and while there is one: it is that one's again.
    expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", "0"]), 0)
    const tree = lab("stp: true, forward_delay: 2", "", "")
    turn(sandbox, tree, ["update bridge.lan", "update interface.web.eth0"])
    assert.is.not(shown(), "disabled")
    turn(sandbox, lab("forward_delay: 0", "", ""), ["update bridge.lan"])
    expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", "0"]), 0)
    expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "type", "bridge", "forward_delay", "200", "stp_state", "1"]), 0)
    turn(sandbox, tree, ["update interface.web.eth0"])
    assert.is.not(shown(), "disabled")
  },
)

scenario("--atomic: a port that the run has opened is shut again, as it was found, also where it is made anew", (sandbox) => {
  const text = (more = "") => lab("forward_delay: 0", "", "").replace("  web:\n", `  web:\n${more}`)
  const file = sandbox.file("stack.yaml", text())
  apply(sandbox, file)
  const shown = () => JSON.parse(sandbox.run(["bridge", "-j", "link", "show", "dev", "lab-web-eth0"]).stdout)[0].state
  for (const [state, word] of [
    [0, "disabled"],
    [1, "listening"],
  ] as const) {
    for (const more of ["", '    idmap: { uid: ["0 300000 65536"] }\n']) {
      expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", String(state)]), 0)
      sandbox.file("stack.yaml", `${text(more)}  bad: { command: [/no/such/command], depends_on: [web] }\n`)
      const before = planOf(sandbox, file)
      assert.match(verdicts(before).join(), more === "" ? "update interface.web.eth0" : "delete+create interface.web.eth0")
      const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
      assert.match(stderr, /Undone: all is as it was before\./)
      assert.is(shown(), word)
      const { changes, drift } = planOf(sandbox, file)
      assert.equal({ changes, drift }, { changes: before.changes, drift: before.drift })
      assert.is(ping(sandbox, "web", "10.20.0.1"), 1, word)
    }
  }
  sandbox.file("stack.yaml", text())
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

/** The kernel lets nobody but the tree shut a port then: br_set_port_state(). */
scenario(
  "--atomic: where a spanning tree came meanwhile by another hand, a port that the run has opened is told, and all else is undone",
  (sandbox) => {
    const tree = lab("stp: true, forward_delay: 2", "", "")
    const file = sandbox.file("stack.yaml", tree)
    apply(sandbox, file)
    const stp = (on: string) => expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "type", "bridge", "stp_state", on]), 0)
    stp("0")
    expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", "0"]), 0)
    stp("1")
    expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1400"]), 0)
    sandbox.file("stack.yaml", `${tree}  bad: { command: [/no/such/command], depends_on: [web] }\n`)
    const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
    assert.match(
      stderr,
      /not all of what was done could be undone\n +interface\.web\.eth0: update \(host_end\.state: forwarding -> disabled\)\n/,
    )
    sandbox.file("stack.yaml", tree)
    assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan"])
  },
)

test.run()
