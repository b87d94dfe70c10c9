import type { Fragment } from "../../model/fragment.ts"
import { keys } from "../../model/fragment.ts"

const PORT = "a port, or a range such as 8000-8010"

/** `ports:` of a container. */
export function portsSchema(): Fragment {
  return {
    description:
      "Ports of the host that lead to ports of the container, as compose has it: `8080:80`, `127.0.0.1:5353:53/udp`, `8000-8010:8000-8010`, or a map. They lead to its first interface on a bridge that the host has an address on.",
    type: "array",
    form: "a list of ports",
    items: {
      ...keys(
        "One port, or a range of them.",
        {
          target: { description: "Inside the container.", type: ["integer", "string"], form: PORT },
          published: { description: "On the host.", type: ["integer", "string"], form: PORT },
          host_ip: {
            description:
              "The one address of the host at which it is published; with 127.0.0.1 only the host itself reaches it. Default: all.",
            type: "string",
            form: "an IP address",
          },
          protocol: { description: "tcp or udp.", enum: ["tcp", "udp"], default: "tcp", form: "tcp or udp" },
          mode: {
            description: "For compose's sake: both mean that the port is one of this host.",
            enum: ["host", "ingress"],
            default: "ingress",
            form: "host or ingress",
          },
        },
        { required: ["target"], instead: { name: "", app_protocol: "" } },
      ),
      type: ["string", "integer", "object"],
      form: "a text such as 8080:80 or 127.0.0.1:5353:53/udp, or a map",
    },
    examples: [["8080:80", "127.0.0.1:5353:53/udp", { target: 443, published: 8443 }]],
  }
}
