import type { Group } from "./cgroups.ts"
import { refuse } from "./machine.ts"
import type { TextFile } from "./tree.ts"
import { kernelFile } from "./tree.ts"

const LIST = "devices.list"
const EVERYTHING = "a *:* rwm"

/** Of v1: a new group has what the one above has. cgroup-v1/devices.rst */
export function deviceFiles(group: Group): [string, TextFile][] {
  const { values } = group
  values.set(LIST, group.parent?.values.get(LIST) ?? EVERYTHING)
  const lines = () => (values.get(LIST) ?? "").split("\n").filter(Boolean)
  const deny = (line: string) => {
    if (line === "a" && group.groups.size > 0) refuse(`write a to devices.deny of ${group.path}`, "EINVAL")
    values.set(
      LIST,
      line === "a"
        ? ""
        : lines()
            .filter((one) => one !== line)
            .join("\n"),
    )
  }
  return [
    [
      LIST,
      kernelFile(() =>
        lines()
          .map((line) => `${line}\n`)
          .join(""),
      ),
    ],
    [
      "devices.allow",
      kernelFile(
        () => null,
        (text) => void values.set(LIST, [...lines(), text.trim()].join("\n")),
      ),
    ],
    [
      "devices.deny",
      kernelFile(
        () => null,
        (text) => deny(text.trim()),
      ),
    ],
  ]
}
