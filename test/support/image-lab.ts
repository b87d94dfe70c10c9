import { execFileSync } from "node:child_process"
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import type { Sandbox } from "./sandbox.ts"

/** The host's id of the root of containers. Files of images are root's, and show as their root's. */
export const OWNER = 300_000

/** A root filesystem of one static busybox; `mark` is what /etc/mark says. */
export function makeTree(folder: string, mark = "image\n"): string {
  for (const part of ["bin", "etc", "proc", "sys", "dev", "tmp", "home"]) mkdirSync(`${folder}/${part}`, { recursive: true })
  if (!existsSync(`${folder}/bin/busybox`)) {
    copyFileSync("/bin/busybox", `${folder}/bin/busybox`)
    chmodSync(`${folder}/bin/busybox`, 0o755)
    for (const applet of ["sh", "sleep", "cat", "id", "ls", "touch", "true", "env", "pwd"])
      symlinkSync("busybox", `${folder}/bin/${applet}`)
  }
  writeFileSync(`${folder}/etc/passwd`, "root:x:0:0::/:/bin/sh\nalice:x:1001:1002::/home:/bin/sh\n")
  writeFileSync(`${folder}/etc/mark`, mark)
  return folder
}

/** The same as a tarball. `options`: of tar, such as `-z`. */
export function makeTar(sandbox: Sandbox, name: string, { mark = "image\n", options = [] as readonly string[] } = {}): string {
  const folder = makeTree(`${sandbox.work}/tree-${name}`, mark)
  const owners = ["--owner=0", "--group=0", "--numeric-owner"]
  execFileSync("tar", [...options, ...owners, "-cf", `${sandbox.work}/${name}`, "-C", folder, "."])
  return `${sandbox.work}/${name}`
}

/** Two containers of an image. `rest`: of the first. */
export function boxes(image: string, rest = ""): string {
  return `name: img
idmaps: { box: { uid: ["0 ${OWNER} 65536"], gid: ["0 ${OWNER} 65536"] } }
containers:
  one: { image: "${image}", command: [sleep, infinity], idmap: box${rest} }
  two: { image: "${image}", command: [/bin/sleep, infinity], idmap: box }
`
}

export function execIn(file: string, name: string, ...command: string[]): string[] {
  return ["exec", "-f", file, name, "--", ...command]
}

/** Names in a folder of the image store; none where there is no such folder. */
export function store(sandbox: Sandbox, folder: string): string[] {
  const { stdout } = sandbox.run(["ls", `/var/lib/stack/images/${folder}`])
  return stdout.trim().split("\n").filter(Boolean)
}
