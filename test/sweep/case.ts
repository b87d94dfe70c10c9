/** What is disturbed: the first apply, an apply of the changed file, a destroy. */
export const PHASES = ["apply", "update", "destroy"] as const
export type Phase = (typeof PHASES)[number]

/** One disturbed command, and how the stack goes on from there. */
export interface Case {
  stack: string
  phase: Phase
  /** As STACK_FAULT has it; `monitor:17`, `child:17`, `beside:17`: that of a monitor; `none`. */
  fault: string
  /** The command that comes after the disturbed one: what was wanted, once more, or destroy at once. */
  recovery: "again" | "destroy"
  /** A fault of the command that comes after it; then the same command again, without one. */
  second?: string
}

/** What came of it. */
export interface Outcome {
  /** Whether the fault's operation came at all. */
  fired: boolean
  /** Whether the second one's did. */
  secondFired: boolean
  /** The last operation of the disturbed command, in words. */
  at: string
  /** How many operations it had. */
  operations: number
  problems: string[]
}

/** The command line that runs the case again. */
export function commandOf({ stack, phase, fault, recovery, second }: Case): string {
  const more = [...(recovery === "again" ? [] : ["--recovery destroy"]), ...(second === undefined ? [] : [`--second ${second}`])]
  return ["npm run test:sweep -- --stack", stack, "--phase", phase, "--fault", fault, ...more].join(" ")
}
