import type { Fragment } from "../../model/fragment.ts"
import { oneOrMore } from "../../model/fragment.ts"

/** Names that it knows beside those of the stack's containers, and who is asked for all others. */
export function namesSchema(): { readonly [key: string]: Fragment } {
  const ip = (description: string): Fragment => ({ description, type: "string", form: "an IP address, or `host-gateway`" })
  return {
    dns: oneOrMore(
      "Name servers, at most three. With `dns`, `dns_search` or `dns_opt` it gets an /etc/resolv.conf of these; without, that of its image stays.",
      { type: "string", examples: ["10.20.0.1"] },
      "an IP address such as 10.20.0.1, or a list of them",
    ),
    dns_search: oneOrMore(
      "Domains in which short names are looked for.",
      { type: "string", examples: ["lab.example"] },
      "a domain, or a list of them",
    ),
    dns_opt: {
      description: "Options of the resolver. resolv.conf(5)",
      type: "array",
      items: { description: "An option.", type: "string", pattern: "^[a-z0-9-]+(:[0-9]+)?$", form: "an option such as ndots:1" },
      form: "a list of options",
      examples: [["ndots:1", "timeout:2"]],
    },
    extra_hosts: {
      description:
        "Names in its /etc/hosts beside those of the stack's containers: a list of NAME:IP or NAME=IP, or a map. `host-gateway` stands for the host's address on its bridge.",
      type: ["array", "object"],
      form: "a list of NAME:IP, or a map of NAME: IP",
      items: { description: "`NAME:IP`", type: "string", form: "NAME:IP" },
      additionalProperties: {
        ...ip("Its address, or a list of them."),
        type: ["string", "array"],
        items: ip("An address."),
        form: "an IP address, or a list of them",
      },
      examples: [["db:10.20.0.9", "host.docker.internal:host-gateway"], { db: "10.20.0.9" }],
    },
  }
}
