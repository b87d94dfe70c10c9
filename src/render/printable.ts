import { escapeRisky } from "../base/risky.ts"

/** What would steer a terminal, or turn the direction of writing, is shown as a picture of itself. */
export function printable(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      .replace(/[\u0000-\u001f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)))
      .replace(/[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, "\ufffd")
  )
}

/** The colours of a line stay, and what moves within it: SGR (`ESC [ 1;31 m`), tab, backspace, carriage return. console_codes(4) */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STEERING = /\u001b\[[\d;:]*m|[\u0000-\u0007\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** What others have printed, for a terminal: nothing that would change its title, its clipboard or its keys, or have it type an answer. */
export function harmless(text: string): string {
  return text.replace(STEERING, (found) =>
    found.length > 1 ? found : found < " " ? String.fromCharCode(0x2400 + found.charCodeAt(0)) : "\ufffd",
  )
}

/** JSON that is the same to who reads it by a program, and harmless on a terminal. */
export function jsonText(value: unknown, indent?: number): string {
  return escapeRisky(JSON.stringify(value, null, indent))
}
