import { Command, Option } from "commander"
import pkg from "../../package.json" with { type: "json" }
import type { Context } from "./context.ts"
import { linkCommands } from "./link-commands.ts"
import { absolute, duration, failOn, keptFile, named, natural, positive, since, span } from "./option-values.ts"
import type { Run, Work } from "./subcommand.ts"
import { collect, optionsOf, shared, subcommand } from "./subcommand.ts"

/** What sets up which commands. */
const COMMANDS: readonly (readonly [register: (root: Command, run: Run) => void, ...names: readonly string[]])[] = [
  [fileCommands, "validate", "config"],
  [planCommand, "plan"],
  [applyCommand, "apply"],
  [destroyCommand, "destroy"],
  [confirmCommand, "confirm"],
  [liveCommands, "show", "exec", "console", "logs"],
  [importCommand, "import"],
  [graphCommand, "graph"],
  [doctorCommand, "doctor"],
  [imageCommands, "image"],
  [linkCommands, "capture", "impair", "link"],
]

/**
 * The whole command line, or if its `first` word is a command's name, what belongs to that one. Each command's module is imported when it is
 * called, so that none pays for another's. `done` gets the exit code of the command that ran.
 */
export function program(context: Context, done: (code: number) => void, first = ""): Command {
  const only = COMMANDS.filter(([, ...names]) => names.includes(first))
  const run: Run = async (work, where) => {
    if (where !== undefined && context.ordinary) return done(await rootless(work, where === "keep", context))
    done(await work(context))
  }
  const root = shared(new Command("stack"))
    .description(pkg.description)
    .version(`stack ${pkg.version}`, "-V, --version", "print the version")
    .helpCommand(false)
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.err.write(text),
      outputError: (text, write) => write(`${text}${usageHint(text)}`),
    })
    .exitOverride()
  for (const [register] of only.length > 0 ? only : COMMANDS) register(root, run)
  if (only.length === 0) wordCommands(root, context)
  return root
}

/** What is an option elsewhere. */
function wordCommands(root: Command, context: Context): void {
  root
    .command("version")
    .description("print the version")
    .action(() => context.out.write(`stack ${pkg.version}\n`))
  root
    .command("help [command...]")
    .description("print help for a command")
    .action((words: string[]) => commandOf(root, words).outputHelp())
}

/** The command that these words name. */
function commandOf(root: Command, words: readonly string[]): Command {
  return words.reduce((above, word) => {
    const found = above.commands.find((command) => command.name() === word)
    return found ?? root.error(`error: unknown command '${word}'`)
  }, root)
}

/** Words of compose's, docker's and terraform's, and the commands that do that here. */
const USUAL: { readonly [word: string]: string } = {
  ...{ up: "apply", create: "apply", deploy: "apply", down: "destroy", rm: "destroy", delete: "destroy" },
  ...{ ps: "show", ls: "show", list: "show", status: "show", inspect: "show --json", state: "show", diff: "plan", preview: "plan" },
  ...{
    run: "exec",
    shell: "exec -t",
    enter: "exec -t",
    ssh: "exec -t",
    attach: "exec -t",
    lint: "validate",
    convert: "config",
    tcpdump: "capture",
  },
}

/** What is usual elsewhere, and is another thing here. */
function usageHint(text: string): string {
  const [, word] = /unknown command '(.*?)'/.exec(text) ?? []
  if (word !== undefined && Object.hasOwn(USUAL, word)) return `  hint: here that is \`stack ${USUAL[word]}\`\n`
  if (word !== undefined && !text.includes("Did you mean")) return "  hint: `stack help` lists the commands\n"
  if (text.includes("missing required argument")) return "  hint: `stack help COMMAND` tells what a command takes\n"
  if (text.includes("too many arguments")) return "  hint: a stack file is given with -f FILE, a resource with --target ADDRESS\n"
  if (text.includes("--file <file>' argument missing")) return "  hint: -f is the stack file; a log is followed with --follow\n"
  return ""
}

async function rootless(work: Work, keep: boolean, context: Context): Promise<number> {
  const { enterNamespaces, leaveNamespaces } = await import("./rootless.ts")
  enterNamespaces(context, keep)
  try {
    return await work(context)
  } finally {
    await leaveNamespaces(context)
  }
}

function fileCommands(root: Command, run: Run): void {
  subcommand(root, "validate", "check the stack file, without the kernel").action((_options, command: Command) =>
    run(async (context) => (await import("./commands/validate.ts")).validate(optionsOf(command), context)),
  )
  subcommand(root, "config", "print the stack file with its includes, variables and profiles resolved")
    .addOption(new Option("--format <format>", "how").choices(["yaml", "json"]).default("yaml"))
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/config.ts")).config(optionsOf(command), context)),
    )
}

function planningOptions(command: Command): Command {
  return command
    .option("--json", "for programs")
    .option("--target <address>", "only this, and what it needs (again for more)", collect)
    .option("--exclude <address>", "not this, nor what needs it (again for more)", collect)
    .option("--replace <address>", "replace this, whatever it is like (again for more)", collect)
    .addOption(new Option("--fail-on <what>", "refuse (exit code 3) a plan that does this: destroy, replace or change").argParser(failOn))
    .option("--parallelism <n>", "how many containers to start or stop at once", positive, 64)
    .addOption(
      new Option("--lock-timeout <duration>", "how long to wait for another apply of this stack: 500ms, 3s, 1m")
        .argParser(duration)
        .default(3000, "3s"),
    )
}

function planCommand(root: Command, run: Run): void {
  planningOptions(subcommand(root, "plan", "show what apply would do; changes nothing"))
    .option("--destroy", "plan the end of everything")
    .option("--volumes", "with --destroy: of the volumes, too")
    .option("--out <file>", "keep the plan, for `stack apply FILE`", keptFile)
    .option("--detailed-exitcode", "exit code 2 when there is something to do")
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/plan.ts")).plan(optionsOf(command), context), "look"),
    )
}

function applyCommand(root: Command, run: Run): void {
  planningOptions(subcommand(root, "apply", "make the kernel match the stack, or carry out a kept plan"))
    .argument("[planfile]", "what `plan --out` wrote")
    .option("--destroy", "make an end of everything")
    .option("-y, --auto-approve", "do not ask")
    .option("--atomic", "undo all of it when a part fails")
    .addOption(new Option("--confirm <duration>", "undo all of it unless `stack confirm` comes in time: 60s, 5m").argParser(span))
    .action((planFile: string | undefined, _options, command: Command) =>
      run(async (context) => (await import("./commands/apply.ts")).apply(optionsOf(command), planFile, context), "keep"),
    )
}

function destroyCommand(root: Command, run: Run): void {
  planningOptions(subcommand(root, "destroy", "remove all that is marked as this stack's"))
    .option("--volumes", "the volumes, too, with all that is in them")
    .option("-y, --auto-approve", "do not ask")
    .option("--atomic", "undo all of it when a part fails")
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/destroy.ts")).destroy(optionsOf(command), context), "keep"),
    )
}

function confirmCommand(root: Command, run: Run): void {
  subcommand(root, "confirm", "keep what an `apply --confirm` has done").action((_options, command: Command) =>
    run(async (context) => (await import("./commands/confirm.ts")).confirm(optionsOf(command), context), "look"),
  )
}

function importCommand(root: Command, run: Run): void {
  subcommand(root, "import", "write a stack file of what is live")
    .option("--live", "from the kernel")
    .option("--foreign", "also what bears no mark of any stack, with the entries of `import` that adopt it")
    .option("-o, --out <file>", "into this file, which must not be there yet; else to standard output", named)
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/import.ts")).importLive(optionsOf(command), context), "look"),
    )
}

function graphCommand(root: Command, run: Run): void {
  subcommand(root, "graph", "draw what is joined to what, or the plan's steps")
    .addOption(new Option("--format <format>", "Graphviz, or lines for a terminal").choices(["dot", "text"]).default("text"))
    .option("--plan", "the steps that apply would take, instead of the topology")
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/graph.ts")).graph(optionsOf(command), context), "look"),
    )
}

function doctorCommand(root: Command, run: Run): void {
  subcommand(root, "doctor", "try what this kernel, this user and this host can do, and whether it is enough for the file of -f")
    .option("--json", "for programs")
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/doctor.ts")).doctor(optionsOf(command), context)),
    )
}

function imageCommands(root: Command, run: Run): void {
  const image = root.command("image").description("the store of images, which all stacks share")
  image
    .command("ls")
    .description("what is in it")
    .option("--json", "for programs")
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/image.ts")).list(optionsOf(command), context), "look"),
    )
  image
    .command("pull")
    .description("look again where an image comes from, and bring what is there now")
    .argument("<image>", "tar:PATH, oci:PATH[:TAG], docker-archive:PATH or docker://REGISTRY/REPOSITORY[:TAG][@DIGEST]")
    .action((name: string) => run(async (context) => (await import("./commands/image.ts")).pull(name, context), "look"))
  image
    .command("rm")
    .description("remove images that no container is of")
    .argument("<image...>", "as `image ls` names them, or digests")
    .action((names: string[]) => run(async (context) => (await import("./commands/image.ts")).remove(names, context), "look"))
  image
    .command("prune")
    .description("remove all images that no container is of")
    .option("-y, --auto-approve", "do not ask")
    .action((_options, command: Command) =>
      run(async (context) => (await import("./commands/image.ts")).pruneAll(optionsOf(command), context), "look"),
    )
  image
    .command("inspect")
    .description("all that is known of an image, as JSON")
    .argument("<image>", "as `image ls` names it, or a digest")
    .action((name: string) => run(async (context) => (await import("./commands/image.ts")).inspect(name, context), "look"))
}

function liveCommands(root: Command, run: Run): void {
  subcommand(root, "show", "what is live, or what a kept plan would do")
    .argument("[planfile]", "what `plan --out` wrote")
    .option("--json", "for programs")
    .action((planFile: string | undefined, _options, command: Command) =>
      run(async (context) => (await import("./commands/show.ts")).show(optionsOf(command), planFile, context), "look"),
    )
  subcommand(root, "exec", "run a command in a container")
    .argument("<container>", "web, web[0] or container.web")
    .argument("<command...>", "the command and its arguments")
    .passThroughOptions()
    .option("-t, --tty", "with a terminal of its own")
    .option("-i, --interactive", "as ever: its standard input is this command's")
    .option("-u, --user <user>", "as this user of the image: uid, uid:gid or names")
    .option("-e, --env <name=value>", "set an environment variable (again for more)", collect)
    .addOption(new Option("-w, --workdir <folder>", "in this folder").argParser(absolute))
    .action((container: string, words: string[], _options, command: Command) => {
      const argv = behindDashes(words)
      if (argv.length === 0) command.error("error: missing required argument 'command'")
      return run(async (context) => (await import("./commands/exec.ts")).exec({ ...optionsOf(command), container, argv }, context), "look")
    })
  subcommand(root, "console", "sit down at the console of a system container; Ctrl-a q leaves it")
    .argument("<container>", "web, web[0] or container.web")
    .action((container: string, _options, command: Command) =>
      run(async (context) => (await import("./commands/console.ts")).consoleOf({ ...optionsOf(command), container }, context), "look"),
    )
  subcommand(root, "logs", "what containers have printed")
    .argument("[container...]", "web (all its replicas), web[0] or container.web; none: all of the stack")
    .option("--follow", "go on until it ends")
    .option("-n, --tail <n>", "only the last lines", natural)
    .option("--since <when>", "only what is younger: 10m, 2h, or a date and time", since)
    .option("-t, --timestamps", "begin each line with its time")
    .action((containers: string[], _options, command: Command) =>
      run(async (context) => (await import("./commands/logs.ts")).logs({ ...optionsOf(command), containers }, context), "look"),
    )
}

/** `exec web -- ls -l` and `exec web ls -l` say the same. */
function behindDashes(argv: readonly string[]): readonly string[] {
  return argv[0] === "--" ? argv.slice(1) : argv
}
