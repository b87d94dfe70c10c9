/** /etc/hostname of every container is its own host name, and follows it. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

function makeImage(sandbox: Sandbox, name: string): string {
  const folder = `${sandbox.work}/${name}`
  for (const part of ["bin", "etc"]) mkdirSync(`${folder}/${part}`, { recursive: true, mode: 0o750 })
  copyFileSync("/bin/busybox", `${folder}/bin/busybox`)
  for (const applet of ["sh", "sleep", "cat", "stat", "mv", "ln", "rm"]) symlinkSync("busybox", `${folder}/bin/${applet}`)
  return folder
}

const exec = (sandbox: Sandbox, file: string, name: string, ...words: string[]) => sandbox.stack(["exec", "-f", file, name, "--", ...words])

scenario(
  "of the host's image and of a folder, written to, read-only, ephemeral; changed without a restart",
  (sandbox) => {
    writeFileSync(`${makeImage(sandbox, "root")}/etc/hostname`, "the-image\n")
    const text = (suffix: string) => `name: lab
x-base: &base { command: [/bin/sleep, infinity] }
containers:
${["host", "dir:./root"]
  .flatMap((image, i) =>
    ["read_only: false", "read_only: true", "ephemeral: true"].map(
      (how, j) => `  c${i}${j}: { <<: *base, image: "${image}", ${how}, hostname: n${i}${j}${suffix} }\n`,
    ),
  )
  .join("")}`
    const file = sandbox.file("stack.yaml", text(""))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const before = inits(sandbox, "lab")
    const names = (suffix: string) => {
      for (const name of Object.keys(before))
        assert.is(expectStatus(exec(sandbox, file, name, "cat", "/etc/hostname"), 0).stdout, `${name.replace("c", "n")}${suffix}\n`)
    }
    names("")
    // Its /etc is the image's yet.
    assert.is(exec(sandbox, file, "c10", "stat", "-c", "%u:%g %a", "/etc").stdout, "0:0 750\n")
    sandbox.file("stack.yaml", text(".example"))
    assert.equal(
      verdicts(planOf(sandbox, file)),
      Object.keys(before)
        .sort()
        .map((name) => `update container.${name}`),
    )
    apply(sandbox, file)
    expectConverged(sandbox, file)
    names(".example")
    assert.equal(inits(sandbox, "lab"), before)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.is(sandbox.run(["ls", "-A", "/var/lib/stack/containers"]).stdout, "")
  },
  ["busybox"],
)

scenario(
  "what a container makes of it is its own, and leads nobody out of it when it is started again",
  (sandbox) => {
    makeImage(sandbox, "root")
    mkdirSync(`${sandbox.work}/outside`)
    const file = sandbox.file("stack.yaml", 'name: lab\ncontainers: { one: { image: "dir:./root", command: [sleep, infinity] } }\n')
    apply(sandbox, file)
    assert.is(exec(sandbox, file, "one", "cat", "/etc/hostname").stdout, "one\n")
    // Nobody inside may change the kernel's by it, and by a file in its place everybody can.
    assert.is.not(exec(sandbox, file, "one", "sh", "-c", "echo other > /etc/hostname").status, 0)
    expectStatus(
      exec(
        sandbox,
        file,
        "one",
        "sh",
        "-c",
        `echo mine > /new && mv /new /etc/hostname && mv /etc /old && ln -s ${sandbox.work}/outside /etc`,
      ),
      0,
    )
    process.kill(live(sandbox, "lab", "one").init, "SIGKILL")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(exec(sandbox, file, "one", "cat", "/old/hostname").stdout, "mine\n")
    assert.is(sandbox.run(["ls", "-A", "outside"]).stdout, "")
  },
  ["busybox"],
)

scenario(
  "not where the file has something else there, the name is the host's, or the image has no /etc",
  (sandbox) => {
    const folder = makeImage(sandbox, "root")
    writeFileSync(`${folder}/etc/hostname`, "the-image\n")
    makeImage(sandbox, "bare")
    expectStatus(sandbox.run(["rmdir", "bare/etc"]), 0)
    sandbox.file("name", "bound\n")
    const file = sandbox.file(
      "stack.yaml",
      `name: lab
x-base: &base { image: "dir:./root", command: [sleep, infinity] }
configs: { name: { content: "given\\n" } }
containers:
  bound: { <<: *base, volumes: ["./name:/etc/hostname:ro"] }
  given: { <<: *base, configs: [{ source: name, target: /etc/hostname }] }
  shared: { <<: *base, namespaces: { uts: "container:bound" } }
  hosts: { <<: *base, namespaces: { uts: host } }
  bare: { <<: *base, image: "dir:./bare" }
`,
    )
    apply(sandbox, file)
    expectConverged(sandbox, file)
    for (const [name, expected] of [
      ["bound", "bound\n"],
      ["given", "given\n"],
      ["shared", "bound\n"],
      ["hosts", "the-image\n"],
      ["bare", ""],
    ] as const)
      assert.is(exec(sandbox, file, name, "cat", "/etc/hostname").stdout, expected, name)
  },
  ["busybox"],
)

test.run()
