import type { Problems } from "./read-problems.ts"

/** Texts, which stay as they are, and numbers. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** JSON whose whole numbers of 16 digits and more come as texts: an argument has 64 bits, of which JSON.parse keeps 53. Undefined where it is none. */
export function exactJson(problems: Problems, text: string): unknown {
  try {
    return JSON.parse(text.replace(TOKEN, (token) => (/^\d{16,}$/.test(token) ? `"${token}"` : token))) as unknown
  } catch (failure) {
    problems.error(`it is no JSON: ${(failure as Error).message.replaceAll("\n", " ")}`, "write it as the OCI runtime specification has it")
    return undefined
  }
}
