/**
 * In the order that they are to be written in: what sets the same of every link comes before what is said of one. `ip_forward` also puts
 * others of `conf` back to what suits a router or a host. inet_forward_change() in net/ipv4/devinet.c
 */
export function inWritingOrder(sysctls: { readonly [name: string]: string }): [name: string, value: string][] {
  const rank = (name: string) => BROAD.findIndex((pattern) => pattern.test(name))
  return Object.entries(sysctls).sort(([a], [b]) => rank(a) - rank(b))
}

const BROAD = [/^net\.ipv4\.ip_forward$/, /^net\.ipv[46]\.conf\.all\./, /^net\.ipv[46]\.conf\.default\./, /^/]

/** Whether writing it changes others. */
export function changesOthers(name: string): boolean {
  return BROAD.slice(0, 2).some((pattern) => pattern.test(name))
}
