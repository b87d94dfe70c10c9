import type { Entry, Path } from "../../model/entry.ts"
import { MAIN_TABLE } from "./spec-routing.ts"

/** The kernel's own tables, as ip(8) calls them. linux/rtnetlink.h RT_TABLE_* */
const TABLES: { readonly [name: string]: number } = { default: 253, main: MAIN_TABLE, local: 255 }
const MOST = 2 ** 32 - 1

/** The number of a table, `main` for that one; undefined where none is written, or a wrong one, which is reported. */
export function tableOf(entry: Entry, path: Path, value: number | string | undefined): number | "main" | undefined {
  if (value === undefined) return undefined
  const number = TABLES[value] ?? (/^\d{1,10}$/.test(String(value)) ? Number(value) : undefined)
  if (number === MAIN_TABLE) return "main"
  if (number !== undefined && number >= 1 && number <= MOST) return number
  const what = number === undefined ? "is no table of the kernel's" : "is no number of a table"
  entry.report(path, "bad-table", `\`${value}\` ${what}`, {
    hint: "write a number from 1 to 4294967295, or main, default or local: names in /etc/iproute2/rt_tables are the host's alone",
  })
  return undefined
}
