/** Dots part the words of a name and a slash is a dot in one of them, or the other way round: each turned into the other. */
function turned(name: string): string {
  return name.replace(/[./]/g, (mark) => (mark === "." ? "/" : "."))
}

/**
 * The one name of a sysctl, with dots between its words: `net.ipv4.conf.eth0/10.forwarding`, which may be written
 * `net/ipv4/conf/eth0.10/forwarding` as well. Which of the two it is, the first mark of a name says. sysctl(8)
 */
export function sysctlName(written: string): string {
  return /[./]/.exec(written)?.[0] === "/" ? turned(written) : written
}

/** The ways that a sysctl may be written, its name first. */
export function sysctlSpellings(name: string): [dotted: string, slashed: string] {
  return [name, turned(name)]
}

/** `net.ipv4.conf.eth0/10.forwarding` is /proc/sys/net/ipv4/conf/eth0.10/forwarding. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${turned(name)}`
}
