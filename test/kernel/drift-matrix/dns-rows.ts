import type { AttributeRow } from "./row.ts"

const FILE = "/run/stack/lab/sealed/resolv.conf"
const ROW = { read: "`resolv.conf` in its run folder, as long as that is what it sees at /etc/resolv.conf" }
/** What there is to say where it sees another file. */
const NONE = { "container.sealed": { dns: [], dns_search: [], dns_opt: [] } }

/** Whom a container asks for names. */
export const dnsRows: readonly AttributeRow[] = [
  {
    attribute: "dns",
    ...ROW,
    hands: [
      { by: `echo nameserver 192.0.2.54 >> ${FILE}`, shows: { "container.sealed": { dns: ["192.0.2.53", "192.0.2.54"] } } },
      { by: `rm ${FILE}`, shows: NONE },
      { by: "nsenter -t $sealed -m -p umount /etc/resolv.conf", shows: NONE },
    ],
  },
  {
    attribute: "dns_search",
    ...ROW,
    hands: [{ by: `echo search evil.example >> ${FILE}`, shows: { "container.sealed": { dns_search: ["evil.example"] } } }],
  },
  {
    attribute: "dns_opt",
    ...ROW,
    hands: [{ by: `echo options rotate >> ${FILE}`, shows: { "container.sealed": { dns_opt: ["ndots:1", "rotate"] } } }],
  },
]
