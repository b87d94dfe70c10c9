import { DiagnosticError, error } from "../base/diagnostic.ts"
import { MOST_INSTRUCTIONS } from "./compile.ts"

/** BPF_RET|K. <linux/bpf_common.h> */
const RETURN = 0x06
const LIMITS = [0xffff, 0xff, 0xff, 0xffff_ffff]

/**
 * A program as `tcpdump -ddd` prints it: how many instructions, then one a line, `code jt jf k`, in decimal. Of a packet that it picks no more
 * than `keep` bytes are kept. The kernel looks at the rest.
 *
 * @throws DiagnosticError where the text is something else; `file`: what it is called there
 */
export function readCompiled(text: string, file: string, keep: number): Uint8Array {
  const [first = "", ...lines] = text.trimEnd().split("\n")
  const count = /^\s*[0-9]{1,5}\s*$/.test(first) ? Number(first) : 0
  if (count === 0 || count > MOST_INSTRUCTIONS)
    throw wrong(file, 1, first, `it begins with how many instructions there are, up to ${MOST_INSTRUCTIONS}`)
  if (count !== lines.length) throw wrong(file, 1, first, `it says ${count} instructions, and there are ${lines.length}`)
  const bytes = new Uint8Array(8 * count)
  const view = new DataView(bytes.buffer)
  for (const [i, line] of lines.entries()) {
    const [code = 0, jt = 0, jf = 0, k = 0] = numbersOf(line) ?? raise(wrong(file, i + 2, line, "an instruction is four numbers"))
    view.setUint16(8 * i, code, true)
    view.setUint8(8 * i + 2, jt)
    view.setUint8(8 * i + 3, jf)
    view.setUint32(8 * i + 4, code === RETURN ? Math.min(k, keep) : k, true)
  }
  return bytes
}

function numbersOf(line: string): number[] | undefined {
  const words = line.trim().split(/\s+/)
  const numbers = words.map((word) => (/^[0-9]{1,10}$/.test(word) ? Number(word) : Number.NaN))
  return words.length === 4 && numbers.every((number, i) => number <= (LIMITS[i] as number)) ? numbers : undefined
}

function raise(failure: DiagnosticError): never {
  throw failure
}

function wrong(file: string, line: number, text: string, summary: string): DiagnosticError {
  const range = { file, start: { line, column: 1 }, end: { line, column: Math.max(text.length, 1) + 1 } }
  return new DiagnosticError(error("bad-filter", summary, { range, hint: "`tcpdump -ddd -y EN10MB FILTER` prints one" }))
}
