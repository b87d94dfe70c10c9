/** The lines of a hosts file: by IP address the names that stand for it, the first being its canonical one. hosts(5) */
export interface HostsLines {
  [ip: string]: string[]
}

/** One line each, in their order. `about` is a comment above them, without a line's end. */
export function hostsText(about: string, lines: HostsLines): string {
  return [`# ${about}`, ...Object.entries(lines).map(([ip, names]) => `${ip}\t${names.join(" ")}`), ""].join("\n")
}

/** What a resolver makes of such a text: comments say nothing, and of two lines of one address the second goes on where the first ends. */
export function parseHosts(text: string): HostsLines {
  const lines: HostsLines = {}
  for (const line of text.split("\n")) {
    const comment = line.indexOf("#")
    const [ip = "", ...names] = (comment < 0 ? line : line.slice(0, comment)).split(/\s+/).filter(Boolean)
    if (names.length > 0) lines[ip] = Object.hasOwn(lines, ip) ? [...(lines[ip] as string[]), ...names] : names
  }
  return lines
}

/** The same lines, and those others behind them; no name twice for one address. */
export function joinHosts(lines: HostsLines, others: HostsLines): HostsLines {
  const joined: HostsLines = { ...lines }
  for (const [ip, names] of Object.entries(others)) joined[ip] = [...new Set([...(joined[ip] ?? []), ...names])]
  return joined
}
