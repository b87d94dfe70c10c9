import type { Check } from "../doctor/check.ts"
import { paint } from "./paint.ts"
import { table } from "./table.ts"

const WORDS: { readonly [S in Check["state"]]: string } = {
  yes: "yes",
  user: "in a user namespace",
  loads: "yes, by a module",
  no: "no",
  info: "-",
}

/** A block for each subject; below a `no` its fix. */
export function doctorText(checks: readonly Check[], color: boolean): string {
  const style = paint(color)
  const lines = table(checks.map(({ what, state, detail }) => [`  ${what}`, WORDS[state], detail])).split("\n")
  let subject = ""
  return checks
    .map((one, i) => {
      const head = one.subject === subject ? "" : `${subject === "" ? "" : "\n"}${style.bold(one.subject)}\n`
      subject = one.subject
      const line = lines[i] ?? ""
      const told = one.state === "no" ? style.red(line) : one.state === "info" ? style.dim(line) : line
      return `${head}${told}\n${one.fix === "" ? "" : `      fix: ${one.fix}\n`}`
    })
    .join("")
}

/** Of every check all that is known. */
export function doctorJson(checks: readonly Check[]): object {
  const count = (state: Check["state"]) => checks.filter((one) => one.state === state).length
  return { format_version: "1", checks, summary: { yes: count("yes"), user: count("user"), loads: count("loads"), no: count("no") } }
}
