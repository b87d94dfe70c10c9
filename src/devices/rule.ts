/** Devices that may be used: of this type and these numbers, in this way. cgroup-v1/devices.rst, "User Interface" */
export interface DeviceRule {
  type: "char" | "block"
  major: number
  /** `*`: all of that driver. */
  minor: number | "*"
  /** Some of `r`, `w` and `m` (mknod), in this order. */
  access: string
}

export const ACCESS = "rwm"

/** Numbers of the nodes that each container has in its own /dev. Documentation/admin-guide/devices.txt */
export const USUAL_NODES: { readonly [name: string]: readonly [major: number, minor: number] } = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
}

const char = (major: number, minor: number | "*"): DeviceRule => ({ type: "char", major, minor, access: ACCESS })

/** What every container may use: its nodes, and terminals of its own devpts (ptmx, pts/N). */
export const USUAL_RULES: readonly DeviceRule[] = [
  ...Object.values(USUAL_NODES).map(([major, minor]) => char(major, minor)),
  char(5, 2),
  char(136, "*"),
]

/** The usual ones and these, each device once with all that is allowed of it, in one order. */
export function allRules(more: readonly DeviceRule[]): DeviceRule[] {
  const merged = new Map<string, DeviceRule>()
  for (const rule of [...USUAL_RULES, ...more]) {
    const key = `${rule.type} ${rule.major}:${rule.minor}`
    merged.set(key, { ...rule, access: bothOf(merged.get(key)?.access ?? "", rule.access) })
  }
  const rank = ({ type, major, minor }: DeviceRule) => [type === "char" ? 0 : 1, major, minor === "*" ? -1 : minor] as const
  return [...merged.values()].sort((a, b) => {
    const [one, other] = [rank(a), rank(b)]
    return one[0] - other[0] || one[1] - other[1] || one[2] - other[2]
  })
}

function bothOf(a: string, b: string): string {
  return [...ACCESS].filter((letter) => a.includes(letter) || b.includes(letter)).join("")
}

/** A line as v1's devices.allow takes it and devices.list shows it: `c 1:3 rwm`. */
export function ruleLine({ type, major, minor, access }: DeviceRule): string {
  return `${type === "char" ? "c" : "b"} ${major}:${minor} ${access}`
}
