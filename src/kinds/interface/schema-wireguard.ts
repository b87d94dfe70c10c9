import type { Fragment } from "../../model/fragment.ts"
import { keys, oneOrMore, wholeNumber } from "../../model/fragment.ts"

function secret(description: string): Fragment {
  return { description, type: "string", form: "the name of one of `secrets`", examples: ["wg_key"] }
}

/** `wireguard:` of an interface. */
export function wireGuardSchema(): Fragment {
  return {
    ...keys("A link of WireGuard: IP packets, encrypted, in UDP packets that leave by the container's own links. wg(8)", {
      private_key: secret(
        "Its private key: one of `secrets`, which holds what `wg genkey` says. It is in no plan, message or record. Default: what a program inside sets.",
      ),
      listen_port: wholeNumber("UDP port. Default: one that the kernel chooses.", 1, 65535),
      peers: {
        description: "Who is at the other ends.",
        type: "array",
        form: "a list of peers, each a map with at least public_key",
        items: keys(
          "One peer.",
          {
            public_key: {
              description: "Its public key, as `wg pubkey` says it.",
              type: "string",
              form: "a key in base64, 44 characters",
              examples: ["xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="],
            },
            endpoint: {
              description:
                "Where it is. Default: where it is heard from. A peer that is heard from elsewhere is there from then on: drift, but with `ignore_drift: [wireguard.peers.*.endpoint]`.",
              type: "string",
              form: "an endpoint such as 192.0.2.1:51820",
              examples: ["192.0.2.1:51820", "[2001:db8::1]:51820"],
            },
            allowed_ips: oneOrMore(
              "Networks that are behind it: what is for them goes to it, and what comes from it is from one of them.",
              { type: "string", examples: ["10.9.0.0/16"] },
              "a network such as 10.9.0.0/16, or a list of them",
            ),
            keepalive: wholeNumber("Seconds after which it hears something, whatever there is to say; 0: none.", 0, 65535, { default: 0 }),
            preshared_key: secret("A key besides that both know: one of `secrets`."),
          },
          { required: ["public_key"] },
        ),
      },
    }),
    type: ["object", "null"],
  }
}
