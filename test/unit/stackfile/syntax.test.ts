/** What is said of mistakes that YAML itself refuses: where they were made, not where the reading of them ended. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { loadText } from "./load.ts"

const HEAD = "containers:\n  web:\n    image: host\n"

/** What stands below `image: host`, where the mistake is, what is said of it, and a part of the hint. */
const MISTAKES: readonly (readonly [text: string, at: string, summary: string, hint: string])[] = [
  ["    hostname: 'web\n    labels: { a: 'b' }\n", "4:15", "this ' is not closed", "end the text with another '"],
  ['    hostname: "web\n    user: root\n', "4:15", 'this " is not closed', 'end the text with another "'],
  ["    command: [sh, -c, 'a\n    user: root\n  db: {}\n", "4:23", "this ' is not closed", "written twice"],
  ["    command: [sleep, 1\n    user: root\n  db: {}\n", "4:14", "this [ is not closed", "end it with ]"],
  ["    limits: { memory: 64M ]\n    user: root\n", "4:13", "this { is not closed", "end it with }"],
  ["    command: [\n      sleep,\n  ]\n    user: root\n", "4:14", "this [ is not closed", "indented deeper"],
  ["    command: [sleep 1]]\n    user: root\n", "4:23", "this ] closes nothing", "take it out"],
  ["    hostname:web\n", "4:5", "a key without a `:` and a blank behind it", "write `hostname: web`"],
  ["    hostname web\n    user: root\n", "4:5", "a key without a `:` and a blank behind it", "write `hostname: web`"],
  ["  db\n    image: host\n", "4:3", "a key without a `:` and a blank behind it", "write `db:`"],
  ["    command: |\n    sleep 1\n    user: root\n", "5:5", "a key without a `:` and a blank behind it", "indented deeper"],
  ["    command:\n    -sleep\n    -1\n", "5:5", "a `-` without a blank behind it", "write `- sleep`"],
  ["    command: - sleep\n", "4:14", "a list with dashes begins on a line of its own", "[one, two]"],
  ["    command:\n      - sleep\n     - 1\n", "6:6", "this `-` begins in another column than those above", "one column"],
  ["   user: root\n", "4:4", "this line begins in another column than those above", "one column"],
  ["      user: root\n", "4:7", "this line is indented deeper than those above", "one column"],
  ["    hostname: a: b\n", "4:15", "a second `: ` in one line", 'needs "quotes"'],
  ["    limits: { memory: 64M pids: 3 }\n", "4:23", "a `,` is missing in this", "has a `,` between"],
  ['    command: ["sleep" "1"]\n', "4:23", "a `,` is missing before this", "has a `,` between"],
  ["    command: [a,, b]\n", "4:17", "a comma with nothing before it", "take it out"],
  ["    hostname: 'it's'\n", "4:19", "nothing more can stand here: the value has ended before", "'it''s'"],
  ["    command: [a] b\n", "4:18", "nothing more can stand here: the value has ended before", "within the brackets"],
  ['    hostname: "a\\d"\n', "4:17", "\\d is no escape of YAML's", "a backslash is written \\\\"],
  ["    command: | sleep\n", "4:16", "nothing else stands on the line of a `|` or `>`", "on the next line"],
  ["    hostname: @web\n", "4:15", "a text without quotes cannot begin with @", "quotes"],
  ["    hostname: *\n", "4:15", "a `*` without the name of an anchor", "quote the text"],
  ["    limits: { memory: ${size} }\n", "4:24", "this brace begins a map, and no variable", '"${name}"'],
]

for (const [text, at, summary, hint] of MISTAKES) {
  test(JSON.stringify(text), () => {
    const found = loadText(`${HEAD}${text}`).diagnostics.filter(({ code }) => code === "yaml-syntax")
    const places = found.map(({ range, ...rest }) => `${range?.start.line}:${range?.start.column} ${rest.summary}`)
    assert.equal(places, [`${at} ${summary}`])
    assert.match(found[0]?.hint ?? "", hint)
  })
}

test.run()
