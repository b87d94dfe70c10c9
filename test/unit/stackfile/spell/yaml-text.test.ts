import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"
import { yamlText } from "../../../../src/stackfile/spell/yaml-text.ts"

const DOCUMENT = {
  name: "lab",
  bridges: { lan: { address: ["10.0.0.1/24", "fd00::1/64"], mtu: 9000 }, bare: {} },
  containers: {
    web: {
      command: ["sh", "-c", 'echo "a, b" # no comment'],
      environment: {
        EMPTY: "",
        NUMBER: "1.10",
        YES: "yes",
        NULL: "~",
        LINES: "a\nb",
        MANY: "a longer text, of which one line\nis not enough, nor are two:\n  three\n",
        COLON: "a: b",
        DASH: "- a",
        "STEERS\u202e": "\u009b31m\u202e",
      },
      interfaces: { eth0: { bridge: "lan" } },
      routes: [
        { to: "default", via: "10.0.0.254", dev: "a-rather-long-one", metric: 100 },
        {
          to: "10.100.200.0/24",
          via: "10.100.200.254",
          dev: "another-one",
          metric: 4294967295,
          x: "so that no line holds it all, not by far",
        },
      ],
    },
  },
  import: [{ to: "bridge.lan", name: "br0" }],
}

test("a document is read back as it is, and holds nothing that a terminal would obey", () => {
  assert.not.match(yamlText(DOCUMENT, []), /[\u007f-\u009f\u202e]/)
  assert.equal(parse(yamlText(DOCUMENT, ["one", "two: # three"])), DOCUMENT)
})

test("what is short stands on a line, sections and containers do not", () => {
  const text = yamlText(DOCUMENT, ["Why."])
  assert.match(text, "# Why.\nname: lab\nbridges:\n  lan: { address: [10.0.0.1/24, fd00::1/64], mtu: 9000 }\n  bare: {}\n")
  assert.match(text, "    interfaces:\n      eth0: { bridge: lan }\n")
  assert.match(text, "import:\n  - { to: bridge.lan, name: br0 }\n")
  assert.match(
    text,
    "      - { to: default, via: 10.0.0.254, dev: a-rather-long-one, metric: 100 }\n      - to: 10.100.200.0/24\n        via: ",
  )
})

test.run()
