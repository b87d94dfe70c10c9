/** What lies where a stack keeps its layers and volumes is taken to be the stack's: so where that leads elsewhere it is told, and nothing is removed. */
import * as assert from "uvu/assert"
import { apply, expectNoTrace, expectStatus, scenario, test } from "../../support/lab.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const KEEPING = "name: lab\nvolumes: { data: {} }\ncontainers: { web: { command: [sleep, infinity], volumes: ['data:/data'] } }\n"

for (const [folder, script, words] of [
  ["containers", "mv KEPT/lab KEPT/.lab && ln -s /run/precious KEPT/lab", /containers\/lab is a symbolic link to \/run\/precious/],
  ["containers", "chmod 777 KEPT/lab", /containers\/lab lets others change what is in it \(mode 777\)/],
  ["volumes", "mv KEPT/lab KEPT/.lab && ln -s /run/precious KEPT/lab", /volumes\/lab is a symbolic link to \/run\/precious/],
  ["volumes", "chown 1000 KEPT/lab", /volumes\/lab belongs to user 1000, not to root/],
] as const) {
  scenario(`what a stack keeps is not looked for elsewhere, and nothing there is removed: ${folder}, ${script}`, (sandbox) => {
    const file = sandbox.file("stack.yaml", KEEPING)
    apply(sandbox, file)
    sandbox.run([
      "sh",
      "-c",
      `cd /run && mkdir -p precious/web precious/letters && ${script.replaceAll("KEPT", `/var/lib/stack/${folder}`)}`,
    ])
    const before = readTraces(sandbox)
    for (const args of [
      ["plan", "-f", file],
      ["apply", "-y", "-f", file],
      ["destroy", "-y", "--volumes", "-f", file],
    ]) {
      const ran = expectStatus(sandbox.stack(args), 1)
      assert.match(ran.stderr, words)
      expectNoTrace(ran)
      expectSameTraces(readTraces(sandbox), before, args[0] ?? "")
    }
  })
}

test.run()
