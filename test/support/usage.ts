/** The options of a program; undefined where they are wrong or only its help was wanted, which is said then. Exit code 64: sysexits(3). */
export function argumentsOrUsage<T>(readOptions: (args: string[]) => T, usage: string): T | undefined {
  try {
    if (!process.argv.includes("--help")) return readOptions(process.argv.slice(2))
    process.stdout.write(usage)
  } catch (failure) {
    process.stderr.write(`${(failure as TypeError).message}\n\n${usage}`)
    process.exitCode = 64
  }
  return undefined
}
