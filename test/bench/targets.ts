/** One peer at one size: medians, in seconds and kB; null where it was not measured. Written by peers/bench.py. */
export interface Row {
  peer: string
  n: number
  up: number | null
  noop: number | null
  down: number | null
  /** Of stack alone: `node -e 0`, `stack plan` with nothing to change. */
  bare?: number | null
  plan?: number | null
  plan_rss?: number | null
  up_rss?: number | null
  down_rss?: number | null
  helper_private_kb?: number | null
  helpers?: number | null
  errors: string[]
}

export interface Target {
  what: string
  value: number | undefined
  limit: number | undefined
  unit: string
  /** The limit is what must be reached, not what may not be passed. */
  atLeast?: true
  /** The figures that the value was made of. */
  beside?: string
}

const ms = (seconds: number) => seconds * 1000

function find(rows: readonly Row[], peer: string, n: number): Row | undefined {
  return rows.find((row) => row.peer === peer && row.n === n)
}

/** A number computed from rows; undefined where one of them was not measured. */
function from(values: readonly (number | null | undefined)[], compute: (...known: number[]) => number): number | undefined {
  return values.every((v): v is number => typeof v === "number") ? compute(...(values as number[])) : undefined
}

/** `bare + 1.5 × floor` in milliseconds. */
const aboveFloor = (bare: number, floor: number) => ms(bare + 1.5 * floor)

function speedTargets(rows: readonly Row[]): Target[] {
  const sizes = [...new Set(rows.map((row) => row.n))].filter((n) => n >= 50)
  const one = find(rows, "stack", 1)
  const small: Target = { what: "up, N=1", value: from([one?.up], ms), limit: from([one?.bare], (bare) => ms(bare) + 40), unit: "ms" }
  const large = sizes.flatMap((n): Target[] => {
    const stack = find(rows, "stack", n)
    const floor = find(rows, "floor-c", n)
    const crun = find(rows, "crun", n)
    return [
      { what: `up, N=${n}`, value: from([stack?.up], ms), limit: from([stack?.bare, floor?.up], aboveFloor), unit: "ms" },
      {
        what: `up, N=${n}, against a third of crun's`,
        value: from([stack?.up], ms),
        limit: from([crun?.up], (up) => ms(up) / 3),
        unit: "ms",
      },
      { what: `down, N=${n}`, value: from([stack?.down], ms), limit: from([stack?.bare, floor?.down], aboveFloor), unit: "ms" },
    ]
  })
  const hundred = find(rows, "stack", 100)
  const plan = (what: string, most: number): Target => ({
    what,
    value: from([hundred?.plan], ms),
    limit: from([hundred?.bare], (b) => ms(b) + most),
    unit: "ms",
  })
  const plans = [plan("plan, nothing to change, N=100", 100), plan("plan, every attribute read back, N=100", 150)]
  return [small, ...large, ...plans]
}

function readTarget(read: number | undefined): Target[] {
  return read === undefined ? [] : [{ what: "the reading itself, N=100", value: read, limit: 60, unit: "ms" }]
}

function memoryTargets(rows: readonly Row[]): Target[] {
  const row = rows.filter((r) => r.peer === "stack" && typeof r.helper_private_kb === "number").at(-1)
  return [
    { what: "private memory of an idle container's monitor", value: row?.helper_private_kb ?? undefined, limit: 20, unit: "kB" },
    { what: "processes beside the command, for each container", value: row?.helpers ?? undefined, limit: 1, unit: "" },
  ]
}

/** How the bare system calls grow: below that no tool can be. */
function floorGrowth(growth: readonly Row[], key: string): Pick<Target, "beside"> {
  if (key !== "up" && key !== "down") return {}
  const factor = from([find(growth, "floor-c", 500)?.[key], find(growth, "floor-c", 100)?.[key]], (many, few) => many / few)
  return factor === undefined ? {} : { beside: `floor-c ${factor.toFixed(2)} ×` }
}

function growthTargets(growth: readonly Row[]): Target[] {
  const [few, many, most] = [100, 500, 1000].map((n) => find(growth, "stack", n))
  const keys = ["up", "plan", "down", "up_rss", "plan_rss", "down_rss"] as const
  const factors = keys.map(
    (key): Target => ({
      what: `${key}, 500 containers over 100`,
      value: from([many?.[key], few?.[key]], (a, b) => a / b),
      limit: 6,
      unit: "×",
      ...floorGrowth(growth, key),
    }),
  )
  return growth.length === 0 ? [] : [...factors, { what: "1000 containers: failures", value: most?.errors.length ?? 1, limit: 0, unit: "" }]
}

function verdict({ value, limit, atLeast }: Target): string {
  if (value === undefined || limit === undefined) return "not measured"
  return (atLeast ? value >= limit : value <= limit) ? "reached" : `missed (${(value / limit).toFixed(2)}×)`
}

function line(target: Target): string {
  const { what, value, limit, unit, atLeast, beside } = target
  const digits = (n: number) => (unit === "×" ? n.toFixed(2) : n >= 100 ? n.toFixed(0) : n.toFixed(1))
  const number = (n: number | undefined) => (n === undefined ? "-" : `${digits(n)}${unit === "" ? "" : ` ${unit}`}`)
  const name = beside === undefined ? what : `${what} (${beside})`
  return `| ${name} | ${number(value)} | ${atLeast ? "at least " : ""}${number(limit)} | ${verdict(target)} |`
}

/** What was measured against what is to be reached, as a Markdown table. */
export function targetTable(rows: readonly Row[], growth: readonly Row[], read: number | undefined): string {
  return tableOf([...speedTargets(rows), ...readTarget(read), ...memoryTargets(rows), ...growthTargets(growth)])
}

export function tableOf(targets: readonly Target[]): string {
  return ["| target | measured | at most | |", "| --- | ---: | ---: | --- |", ...targets.map(line)].join("\n")
}

/** Wall times of all peers and their ratio to stack's, as a Markdown table. */
export function rowTable(rows: readonly Row[]): string {
  const cell = (row: Row, key: "up" | "noop" | "down") => {
    const own = find(rows, "stack", row.n)?.[key]
    const value = row[key]
    if (value === null) return "failed"
    return own === null || own === undefined || row.peer === "stack"
      ? ms(value).toFixed(0)
      : `${ms(value).toFixed(0)} (${(value / own).toFixed(2)}×)`
  }
  const body = rows.map((row) => `| ${row.n} | ${row.peer} | ${cell(row, "up")} | ${cell(row, "noop")} | ${cell(row, "down")} |`)
  return ["| N | peer | up, ms (against stack) | no-op | down |", "| ---: | --- | ---: | ---: | ---: |", ...body].join("\n")
}
