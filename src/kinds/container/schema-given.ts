import type { Fragment } from "../../model/fragment.ts"
import { keys, named } from "../../model/fragment.ts"

/** `secrets:` */
export function secretsSchema(): Fragment {
  return named(
    "Secrets, by name: files that containers get, in memory alone. What is in them is never shown, logged or kept.",
    keys("Where a secret comes from: one of the two.", sources(), { instead: { content: "file" } }),
  )
}

/** `configs:` */
export function configsSchema(): Fragment {
  const content: Fragment = { description: "What it holds.", type: "string", form: "a text" }
  return named(
    "Configs, by name: files that containers get, in memory.",
    keys("Where a config comes from: one of the three.", { ...sources(), content }),
  )
}

function sources(): { [key: string]: Fragment } {
  return {
    file: { description: "A file, relative to this one, as it is when a container starts.", type: "string", form: "a path" },
    environment: {
      description: "A variable of the caller's environment.",
      type: "string",
      pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
      form: "the name of a variable",
    },
  }
}

/** Of a container. */
export function givenSchema(): { [key: string]: Fragment } {
  return {
    secrets: givens("Secrets that it gets, each at /run/secrets/NAME unless `target` says otherwise", "token"),
    configs: givens("Configs that it gets, each at /NAME unless `target` says otherwise", "app.conf"),
  }
}

function givens(description: string, example: string): Fragment {
  const id = (whose: string): Fragment => ({
    description: `${whose}, as an id of the container.`,
    type: ["string", "integer"],
    pattern: "^[0-9]{1,10}$",
    minimum: 0,
    form: "a number",
  })
  return {
    description: `${description}.`,
    type: "array",
    form: "a list of names, or of maps",
    items: {
      ...keys(
        "One of them.",
        {
          source: { description: "Its name.", type: "string", form: "a name" },
          target: { description: "Where it is found.", type: "string", form: "an absolute path, or a name" },
          uid: id("Whose it is"),
          gid: id("Which group's it is"),
          mode: {
            description: "Who may read or execute it, in octal; default 0444.",
            type: ["string", "integer"],
            form: "a mode such as 0400",
          },
        },
        { required: ["source"] },
      ),
      type: ["string", "object"],
      form: "a name, or a map",
    },
    examples: [[example]],
  }
}
