import { test } from "uvu"
import * as assert from "uvu/assert"
import { shellWords } from "../../../src/base/shell-words.ts"

/** What `sh` itself prints for `printf '%s\n'` of these texts, where it expands nothing. */
const CASES: { readonly [text: string]: string[] } = {
  "": [],
  "  sleep \t infinity\n": ["sleep", "infinity"],
  "sh -c 'echo \"a b\"'": ["sh", "-c", 'echo "a b"'],
  'a"b c"d': ["ab cd"],
  "a\\ b": ["a b"],
  "'' \"\"": ["", ""],
  '"\\" \\\\ \\$ \\` \\n"': ['" \\ $ ` \\n'],
  "'\\n'": ["\\n"],
  "a\\\nb": ["ab"],
  "é 日本": ["é", "日本"],
}

for (const [text, words] of Object.entries(CASES)) test(JSON.stringify(text), () => assert.equal(shellWords(text), words))

test("what is not closed is said", () => {
  assert.equal(shellWords("a 'b"), { problem: "a ' is not closed" })
  assert.equal(shellWords('a "b\\"'), { problem: 'a " is not closed' })
  assert.equal(shellWords("a \\"), { problem: "a \\ stands at the end" })
})

test.run()
