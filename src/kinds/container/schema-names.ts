import type { Fragment } from "../../model/fragment.ts"

/** Names that it knows beside those of the stack's containers, and who is asked for all others. */
export function namesSchema(): { readonly extra_hosts: Fragment } {
  const ip = (description: string): Fragment => ({ description, type: "string", form: "an IP address, or `host-gateway`" })
  return {
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
