import type { Command } from "commander"
import type { Context } from "./context.ts"

/** A command's work; resolves to the exit code. */
export type Work = (context: Context) => Promise<number>

/**
 * `look`, `keep`: it asks the kernel about stacks, so that it goes on where those of an ordinary user are; with `keep` these namespaces are
 * made to stay.
 */
export type Run = (work: Work, where?: "look" | "keep") => Promise<void>

/** Options given before or behind the command's name; the ones behind win. */
export function shared(command: Command): Command {
  return command
    .option("-f, --file <file>", "the stack file, - for standard input (default: stack.yaml, else stack.yml)")
    .option("-p, --name <stack>", "the stack's name, instead of the file's")
    .option("--var <name=value>", "set a variable (again for more)", collect)
    .option("--var-file <file>", "set variables from a file (again for more)", collect)
    .option("--profile <name>", "with the containers of this profile (again for more)", collect)
    .option("--no-color", "no colour; so does a NO_COLOR in the environment")
}

export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value]
}

const LISTS = ["var", "varFile", "profile", "target", "exclude", "replace", "failOn", "env"] as const
const FLAGS = [
  "json",
  "atomic",
  "destroy",
  "detailedExitcode",
  "autoApprove",
  "plan",
  "tty",
  "follow",
  "timestamps",
  "live",
  "foreign",
  "clear",
] as const

/** A command's options with the program's below them; lists are joined; what was not given is an empty list, or false. */
export function optionsOf<T>(command: Command): T {
  const above = command.parent?.opts<{ [name: string]: unknown }>() ?? {}
  const own = command.opts<{ [name: string]: unknown }>()
  const list = (options: { [name: string]: unknown }, name: string) => (options[name] ?? []) as string[]
  const lists = LISTS.map((name) => [name, [...list(above, name), ...list(own, name)]])
  const flags = FLAGS.map((name) => [name, false])
  return { ...Object.fromEntries(flags), ...above, ...own, ...Object.fromEntries(lists) } as T
}

export function subcommand(root: Command, name: string, description: string): Command {
  return shared(root.command(name).description(description))
}
