import { writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Context } from "./context.ts"

/** What to do about an errno. */
const HINTS: { readonly [errno: string]: string } = {
  EEXIST: "name another file, or remove that one first: what it holds is never written over",
  EISDIR: "it is a folder: name a file in it",
  ENOENT: "name a folder that exists, or make it first",
  ENOTDIR: "name a folder that exists: something on the path is none",
  EACCES: "check the permissions of the folder that it goes into",
}

/** A file that is not there yet, for its owner alone (mode 0600). open(2), O_EXCL: not even a symbolic link may stand there. */
export function writeNewFile(file: string, text: string, { cwd }: Context): void {
  try {
    writeFileSync(resolve(cwd, file), text, { flag: "wx", mode: 0o600 })
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException
    const [detail = ""] = message.split(",")
    throw new DiagnosticError(
      error("output-file", `${file} cannot be written`, { detail, hint: HINTS[code ?? ""] ?? "name another place" }),
    )
  }
}
