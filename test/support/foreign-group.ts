import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { titleOf } from "./lab.ts"
import type { Sandbox } from "./sandbox.ts"

/** The hierarchies that a stack has to do with. */
const USED = ["memory", "pids", "cpu", "cpuset", "blkio"]
export const used = (sandbox: Sandbox) =>
  sandbox.groups.filter(({ version, controllers }) => version === 2 || controllers.some((one) => USED.includes(one)))
export const folders = (sandbox: Sandbox, path: string) =>
  used(sandbox)
    .map(({ folder }) => `${folder}${path}`)
    .filter((folder) => existsSync(folder))
export const membersIn = (sandbox: Sandbox, path: string) =>
  folders(sandbox, path).map((folder) => readFileSync(`${folder}/cgroup.procs`, "utf8").trim())
export const memoryFile = (sandbox: Sandbox, path: string) => {
  const v1 = sandbox.groups.find((group) => group.version === 1 && group.controllers.includes("memory"))
  return v1 === undefined ? `${sandbox.groups[0]?.folder}${path}/memory.max` : `${v1.folder}${path}/memory.limit_in_bytes`
}

/** A group as a person makes one, in every hierarchy, with a limit and a process in it. */
export async function makeGroup(sandbox: Sandbox): Promise<number> {
  const child = sandbox.start(["sleep", "1000"])
  child.stdout.resume()
  let pid: number | undefined
  while (pid === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    pid = sandbox.processes().find((one) => titleOf(one) === "sleep 1000")
  }
  for (const { folder, version, controllers } of used(sandbox)) {
    if (version === 2 && existsSync(`${folder}/cgroup.subtree_control`))
      for (const controller of ["memory", "pids"].filter((one) => controllers.includes(one)))
        for (const above of [folder, `${folder}/my`]) {
          mkdirSync(`${folder}/my`, { recursive: true })
          writeFileSync(`${above}/cgroup.subtree_control`, `+${controller}`)
        }
    mkdirSync(`${folder}/my/group`, { recursive: true })
    if (existsSync(`${folder}/my/group/cpuset.cpus`) && version === 1)
      for (const at of ["/my", "/my/group"])
        for (const file of ["cpuset.cpus", "cpuset.mems"])
          if (readFileSync(`${folder}${at}/${file}`, "utf8").trim() === "")
            writeFileSync(`${folder}${at}/${file}`, readFileSync(`${folder}/${file}`, "utf8"))
  }
  writeFileSync(memoryFile(sandbox, "/my/group"), "134217728")
  for (const folder of folders(sandbox, "/my/group")) writeFileSync(`${folder}/cgroup.procs`, `${pid}`)
  return pid
}
