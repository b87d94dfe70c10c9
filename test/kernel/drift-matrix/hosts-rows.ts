import type { KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

const ALL = "/run/stack/lab/.hosts"
const OWN = "/run/stack/lab/sealed/hosts"

export const hostsRows: KindRows = {
  kind: "hosts",
  attributes: [
    {
      attribute: "names.*",
      read: "`.hosts` in the stack's run folder, which its containers see at /etc/hosts",
      hands: [
        { by: `echo 192.0.2.66 evil >> ${ALL}`, shows: { "hosts.stack": { "names.192.0.2.66": ["evil"] } } },
        { by: `echo 10.20.0.2 evil >> ${ALL}`, shows: { "hosts.stack": { "names.10.20.0.2": ["web", "web.lab", "evil"] } } },
      ],
    },
    {
      attribute: "own.*.*",
      read: "`hosts` in the run folder of a container with names of its own",
      hands: [{ by: `echo 192.0.2.66 evil >> ${OWN}`, shows: { "hosts.stack": { "own.sealed.192.0.2.66": ["evil"] } } }],
    },
    {
      attribute: ITSELF,
      read: "the same files",
      hands: [
        {
          by: `rm ${ALL} ${OWN}`,
          shows: {
            "hosts.stack": "gone",
            "container.web": { hosts: "another" },
            "container.db": { hosts: "another" },
            "container.front": { hosts: "another" },
            "container.sealed": { hosts: "another" },
          },
        },
      ],
    },
  ],
}
