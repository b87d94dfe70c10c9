import type { Fragment } from "../../model/fragment.ts"
import { keys, wholeNumber } from "../../model/fragment.ts"

/** `impair:` of a link or an end of one. */
export function impairSchema(description: string): Fragment {
  return keys(description, {
    delay: delay("How long a packet takes.", "10ms"),
    jitter: delay("By how much that goes up and down, by chance.", "2ms"),
    loss: share("How many packets are lost."),
    duplicate: share("How many packets come twice."),
    corrupt: share("How many packets have a bit turned."),
    reorder: share("How many packets are sent at once, before those that are delayed: it needs a delay."),
    rate: {
      description: "How much can be sent: bits a second, in powers of a thousand. Alone it needs no netem: tbf will do.",
      type: "string",
      pattern: "^\\s*[0-9]{1,12}(\\.[0-9]{1,9})?\\s*([kKmMgGtT]?)[bB][iI][tT]\\s*$",
      form: "a rate such as 10mbit",
      examples: ["10mbit"],
    },
    limit: wholeNumber("How many packets wait at the most; others are lost.", 1, 10_000_000, { default: 1000 }),
  })
}

function delay(description: string, example: string): Fragment {
  return {
    description,
    type: "string",
    pattern: "^\\s*[0-9]{1,12}(\\.[0-9]{1,9})?\\s*([nNuUmM]?)[sS]\\s*$",
    form: `a time such as ${example}`,
    examples: [example],
  }
}

function share(description: string): Fragment {
  return {
    description,
    type: "string",
    pattern: "^\\s*[0-9]{1,3}(\\.[0-9]{1,6})?\\s*%\\s*$",
    form: "a percentage such as 1%",
    examples: ["1%"],
  }
}
