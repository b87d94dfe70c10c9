import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** NAME.yaml, and NAME.next.yaml, to which it is changed. */
export const STACKS = fileURLToPath(new URL("stacks", import.meta.url))

/** The two files of a stack, copied to where what they need stands beside them. */
export interface StackFiles {
  first: string
  next: string
}

export function stackNames(): string[] {
  return readdirSync(STACKS)
    .filter((name) => name.endsWith(".next.yaml"))
    .map((name) => name.replace(".next.yaml", ""))
    .sort()
}

/** Copies a stack's files into a folder of the sandbox. */
export function prepareStack(name: string, folder: string): StackFiles {
  const files = { first: `${folder}/${name}.yaml`, next: `${folder}/${name}.next.yaml` }
  for (const file of Object.values(files)) copyFileSync(`${STACKS}/${file.slice(folder.length + 1)}`, file)
  makeImage(`${folder}/rootfs`)
  return files
}

/** A root filesystem of one static busybox, for `image: dir:./rootfs`. */
function makeImage(folder: string): void {
  if (existsSync(folder)) return
  for (const name of ["bin", "etc", "proc", "sys", "dev", "tmp", "home"]) mkdirSync(`${folder}/${name}`, { recursive: true })
  copyFileSync("/bin/busybox", `${folder}/bin/busybox`)
  chmodSync(`${folder}/bin/busybox`, 0o755)
  for (const applet of ["sh", "sleep", "true"]) symlinkSync("busybox", `${folder}/bin/${applet}`)
  writeFileSync(`${folder}/etc/passwd`, "root:x:0:0::/:/bin/sh\nalice:x:1001:1002::/home:/bin/sh\n")
  writeFileSync(`${folder}/etc/group`, "root:x:0:\nstaff:x:1002:\n")
}
