import type { Command } from "commander"
import { Argument, Option } from "commander"
import { named, positive, snaplen, span } from "./option-values.ts"
import type { Run } from "./subcommand.ts"
import { optionsOf, subcommand } from "./subcommand.ts"

/** What is done with live links: looked into, and impaired. */
export function linkCommands(root: Command, run: Run): void {
  captureCommand(root, run)
  faultCommands(root, run)
}

function captureCommand(root: Command, run: Run): void {
  subcommand(root, "capture", "write down the packets of a live link, as pcap: stack capture web:eth0 | tcpdump -r -")
    .argument("<address>", "interface.web.eth0, bridge.lan, or one end of a link: web:eth0, host:NAME")
    .argument("[filter...]", "only packets such as tcpdump's: tcp port 80 and not host 10.0.0.1")
    .option("-w, --write <file>", "into this file, which must not be there yet; else to standard output", named)
    .option("-c, --count <n>", "only so many packets", positive)
    .option("-s, --snaplen <bytes>", "only so many bytes of each", snaplen, 262_144)
    .option("--bpf <file>", "only packets that a compiled filter picks, as tcpdump -ddd prints it; - for standard input")
    .addOption(new Option("--for <duration>", "for so long, or until this command is ended: 500ms, 30s, 5m").argParser(span))
    .action((address: string, filter: string[], _options, command: Command) =>
      run(async (context) => (await import("./commands/capture.ts")).capture({ ...optionsOf(command), address, filter }, context), "look"),
    )
}

function faultCommands(root: Command, run: Run): void {
  const time = () =>
    new Option("--for <duration>", "put it back after so long, or when this command is ended: 500ms, 30s, 5m").argParser(span)
  const where = "veth.core, interface.web.eth0, or one end of a link: web:eth0, host:NAME"
  subcommand(root, "impair", "have packets of a live link lost, delayed, slowed down; apply heals it")
    .argument("<address>", where)
    .option("--delay <time>", "how long a packet takes: 50ms")
    .option("--jitter <time>", "by how much that goes up and down: 5ms")
    .option("--loss <percent>", "how many are lost: 10%")
    .option("--duplicate <percent>", "how many come twice")
    .option("--corrupt <percent>", "how many have a bit turned")
    .option("--reorder <percent>", "how many overtake those that are delayed")
    .option("--rate <rate>", "bits a second: 10mbit")
    .option("--clear", "take off all that was there")
    .addOption(time())
    .action((address: string, _options, command: Command) =>
      run(async (context) => (await import("./commands/impair.ts")).impair({ ...optionsOf(command), address }, context), "look"),
    )
  subcommand(root, "link", "set a live link down or up; apply heals it")
    .addArgument(new Argument("<state>").choices(["down", "up"]))
    .argument("<address>", where)
    .addOption(time())
    .action((state: string, address: string, _options, command: Command) =>
      run(
        async (context) => (await import("./commands/link.ts")).link({ ...optionsOf(command), address, up: state === "up" }, context),
        "look",
      ),
    )
}
