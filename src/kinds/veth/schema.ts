import type { Fragment } from "../../model/fragment.ts"
import { ADDRESS_WORDS, addresses, keys, lifecycleKeys, macAddress, named, truth, wholeNumber } from "../../model/fragment.ts"
import { impairSchema } from "../link/schema-impair.ts"

/** `veths:` */
export function vethsSchema(): Fragment {
  return named(
    "Pairs of interfaces that no bridge joins, by name: between two containers, or a container and the host.",
    keys(
      "A veth pair. Where one of its containers is left out by its profiles, the pair is too.",
      {
        endpoints: {
          description: "Its two ends.",
          type: "array",
          items: endpointSchema(),
          minItems: 2,
          maxItems: 2,
          form: "a list of two ends, each CONTAINER:INTERFACE",
        },
        mtu: wholeNumber("Largest packet in bytes, on both ends.", 68, 65535, { default: 1500 }),
        impair: impairSchema("What befalls what goes through it, in each direction: of both ends that do not say it themselves."),
        ...lifecycleKeys(),
      },
      {
        required: ["endpoints"],
        instead: {
          ends: "endpoints",
          address: "endpoints.*.address",
          addresses: "endpoints.*.address",
          mac: "endpoints.*.mac",
          up: "endpoints.*.up",
        },
      },
    ),
  )
}

function endpointSchema(): Fragment {
  const { type: _, ...long } = keys(
    "An end: CONTAINER:INTERFACE, `host:INTERFACE` for the host's side, or a map.",
    {
      container: { description: "A container's name, or `host`.", type: "string", form: "the name of a container, or host" },
      interface: { description: "The interface's name there, at most 15 bytes.", type: "string", form: "an interface name" },
      address: addresses("Its addresses, one or a list.", "10.1.0.1/30"),
      mac: macAddress("MAC address. Default: one derived from the stack and the names, the same each time."),
      up: truth("Whether the end is up.", true),
      accept_ra: truth(
        "Of the host's end: whether the host takes addresses and routes from routers that advertise themselves there.",
        false,
      ),
      impair: impairSchema("What befalls what this end sends, in the place of what the pair says."),
    },
    {
      required: ["container", "interface"],
      instead: { node: "container", ...{ name: "interface", iface: "interface", dev: "interface", ifname: "interface" }, ...ADDRESS_WORDS },
    },
  )
  return {
    ...long,
    type: ["string", "object"],
    pattern: "^[^:]+:[^:]+$",
    form: "CONTAINER:INTERFACE, or a map with container and interface",
  }
}
