/** One line of /proc/PID/mountinfo. proc_pid_mountinfo(5) */
export interface MountLine {
  /** `MAJOR:MINOR` of the file system. */
  device: string
  /** Which folder or file of the file system is the mount's root. */
  root: string
  /** Where it is mounted, as its process sees it. */
  target: string
  /** Of the mount itself: `rw`, `ro`, `nosuid`, `idmapped`, … */
  options: readonly string[]
  /** What is mounted there shows in others. */
  shared: boolean
  /** It has a master: what is mounted there shows here. */
  slave: boolean
  type: string
  /** Of the file system: `size=16384k`, `mode=755`, … */
  superOptions: readonly string[]
}

export function parseMountinfo(text: string): MountLine[] {
  return text.split("\n").filter(Boolean).map(parseLine)
}

function parseLine(line: string): MountLine {
  const [before = "", behind = ""] = line.split(" - ", 2)
  const [, , device = "", root = "", target = "", options = "", ...tags] = before.split(" ")
  const [type = "", , superOptions = ""] = behind.split(" ")
  return {
    device,
    root: unescaped(root),
    target: unescaped(target),
    options: options.split(","),
    shared: tags.some((tag) => tag.startsWith("shared:")),
    slave: tags.some((tag) => tag.startsWith("master:")),
    type,
    superOptions: superOptions.split(","),
  }
}

/** Blank, tab, line break and backslash stand as octal numbers. */
function unescaped(text: string): string {
  return text.includes("\\") ? text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))) : text
}

/** The mount that is seen at a place: of several, the one on top. */
export function mountAt(lines: readonly MountLine[], target: string): MountLine | undefined {
  return lines.findLast((line) => line.target === target)
}

/** The mount that a path leads to, if no part of it is a symbolic link. */
export function mountAbove(lines: readonly MountLine[], path: string): MountLine | undefined {
  const holds = ({ target }: MountLine) => path === target || path.startsWith(target === "/" ? "/" : `${target}/`)
  return lines.filter(holds).reduce<MountLine | undefined>((deepest, line) => {
    return deepest === undefined || line.target.length >= deepest.target.length ? line : deepest
  }, undefined)
}
