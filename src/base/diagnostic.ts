/** A spot in a source text. Lines and columns count from 1, as editors show them; columns count UTF-16 units. */
export interface Position {
  line: number
  column: number
}

/** A stretch of one source file; `end` is exclusive. */
export interface Range {
  file: string
  start: Position
  end: Position
}

export type Severity = "error" | "warning"

/**
 * A problem as data: what, where, why and what to do. Diagnostics are collected, never thrown one by one;
 * exceptions are left to bugs.
 */
export interface Diagnostic {
  severity: Severity
  /** A stable kebab-case word for tests and tools: `unknown-key`, `address-clash`. */
  code: string
  /** What is wrong, one line, no full stop. */
  summary: string
  /** Why: more lines, the kernel's own words. */
  detail?: string
  /** What would be right, or what to do. */
  hint?: string
  /** The resource it is about. */
  address?: string
  /** Where in the file. */
  range?: Range
  /** `EPERM`, `ENODEV`, … where the kernel refused. */
  errno?: string
}

export function error(code: string, summary: string, rest: Omit<Diagnostic, "severity" | "code" | "summary"> = {}): Diagnostic {
  return { severity: "error", code, summary, ...rest }
}

export function warning(code: string, summary: string, rest: Omit<Diagnostic, "severity" | "code" | "summary"> = {}): Diagnostic {
  return { severity: "warning", code, summary, ...rest }
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === "error")
}

/** Carries diagnostics through an exception where a return value cannot: the command line prints them, without a stack trace. */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Diagnostic[]
  constructor(...diagnostics: Diagnostic[]) {
    super(diagnostics.map((d) => d.summary).join("; "))
    this.diagnostics = diagnostics
  }
}
