/** What a resolver is told: who to ask, where to look for short names, and how. resolv.conf(5) */
export interface ResolvConf {
  dns: string[]
  dns_search: string[]
  dns_opt: string[]
}

export function resolvConfText({ dns, dns_search, dns_opt }: ResolvConf): string {
  const list = (word: string, values: readonly string[]) => (values.length === 0 ? [] : [`${word} ${values.join(" ")}`])
  return [...dns.map((ip) => `nameserver ${ip}`), ...list("search", dns_search), ...list("options", dns_opt), ""].join("\n")
}

/** Of several `search` lines the last one counts; options add up. */
export function parseResolvConf(text: string): ResolvConf {
  const found: ResolvConf = { dns: [], dns_search: [], dns_opt: [] }
  for (const line of text.split("\n")) {
    const [word, ...values] = line.split(/\s+/)
    if (word === "nameserver") found.dns.push(...values.slice(0, 1))
    if (word === "search" || word === "domain") found.dns_search = values.filter(Boolean)
    if (word === "options") found.dns_opt.push(...values.filter(Boolean))
  }
  return found
}
