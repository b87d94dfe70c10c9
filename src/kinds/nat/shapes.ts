import type { Shape } from "../../base/shape.ts"
import { either, listOf, mapOf, oneOf, record, text, textLike } from "../../base/shape.ts"
import { isNatSysctl } from "./spec.ts"
import { parseLine } from "./spec-lines.ts"
import { parsePublished, parseTarget } from "./spec-ports.ts"

const target = record({
  interface: textLike(/^interface\.[^/]+$/, "address of an interface"),
  port: textLike(/^\d{1,5}(-\d{1,5})?$/, "port"),
})

/** The attributes of a bridge's nat, in the form in which the kernel is told of them. */
export const natShape: Shape = record({
  rules: listOf(text("rule of nat", (words) => parseLine(words) !== undefined)),
  ports: mapOf(
    text("published port", (words) => parsePublished(words) !== undefined),
    either(target, listOf(text("target of a port", (words) => parseTarget(words) !== undefined))),
  ),
  hairpin: listOf(textLike(/^[^\s/]{1,15}$/, "name of a link")),
  sysctls: mapOf(text("kernel parameter of nat", isNatSysctl), oneOf("1")),
})
