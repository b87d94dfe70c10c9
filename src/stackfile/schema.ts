import { bridgesSchema } from "../kinds/bridge/schema.ts"
import { cgroupsSchema } from "../kinds/cgroup/schema.ts"
import { containersSchema } from "../kinds/container/schema.ts"
import { configsSchema, secretsSchema } from "../kinds/container/schema-given.ts"
import { idmapsSchema } from "../kinds/idmap/schema.ts"
import { vethsSchema } from "../kinds/veth/schema.ts"
import { volumesSchema } from "../kinds/volume/schema.ts"
import type { Fragment } from "../model/fragment.ts"
import { keys, named, oneOrMore } from "../model/fragment.ts"
import { importSchema } from "./import-schema.ts"
import { movedSchema } from "./moved.ts"

/** The whole stack file, put together from the kinds' fragments. */
export function stackSchema(): Fragment {
  return keys(
    "A stack: the containers, bridges, veth pairs, id maps and cgroups that one Linux kernel shall hold.",
    {
      name: {
        description: "The stack's name. Default: the name of the folder.",
        type: "string",
        pattern: "^[a-z0-9][a-z0-9_-]{0,31}$",
        form: "a stack's name: small letters, digits, `-` and `_`, at most 32",
      },
      variables: variablesSchema(),
      include: oneOrMore(
        "Files that are merged under this one, the later over the earlier: maps key by key, all else as a whole.",
        { type: "string" },
        "a path, or a list of them",
      ),
      bridges: bridgesSchema(),
      veths: vethsSchema(),
      idmaps: idmapsSchema(),
      cgroups: cgroupsSchema(),
      volumes: volumesSchema(),
      secrets: secretsSchema(),
      configs: configsSchema(),
      containers: containersSchema(),
      import: importSchema(),
      moved: movedSchema(),
    },
    {
      later: ["checks", "outputs"],
      instead: {
        ...{ services: "containers", networks: "bridges", version: "" },
        ...{ topology: "containers", nodes: "containers", hosts: "containers", routers: "containers", links: "veths", locals: "variables" },
      },
    },
  )
}

function variablesSchema(): Fragment {
  const scalar = ["string", "number", "boolean"] as const
  return named(
    `Variables, by name: $\{name} in any text stands for the value. Set by --var, --var-file, STACK_VAR_name, .env, in that order of strength.`,
    {
      ...keys("A variable: its default, or a map.", {
        default: { description: "Its value where none is given.", type: scalar, form: "a text, number or truth value" },
        description: { description: "What it is for.", type: "string", form: "a text" },
        pattern: { description: "A regular expression that its value matches.", type: "string", form: "a regular expression" },
      }),
      type: [...scalar, "object", "null"],
      form: "a default, or a map with default, description, pattern",
    },
    "^(?!x-)[A-Za-z_][A-Za-z0-9_]*$",
    "letters, digits and `_`, no digit first",
  )
}

const OURS = new Set(["form", "names", "later", "instead", "rewritten", "meant"])

/** A text with a variable in it: what it will be is not known to who only reads the file. */
const VARIABLE = "\\$\\{"

type Alteration = (fragment: Partial<Fragment>) => Partial<Fragment>

/** The schema as the world knows it: of files whose variables stand in their texts yet, and without our own annotations. */
export function publishedSchema(): { [key: string]: unknown } {
  return { $schema: "http://json-schema.org/draft-07/schema#", title: "stack file", ...(stripped(stackSchema(), withVariables) as object) }
}

/** The schema of a document whose variables have their values: what loading validates against. */
export function resolvedSchema(): object {
  return stripped(stackSchema(), () => ({})) as object
}

/** Names of properties are kept whatever they are called: only a fragment's own keys go. */
function stripped(fragment: unknown, alter: Alteration): unknown {
  if (fragment === null || typeof fragment !== "object" || Array.isArray(fragment)) return fragment
  const found = Object.entries({ ...fragment, ...alter(fragment) }).filter(([key, value]) => !OURS.has(key) && value !== undefined)
  return Object.fromEntries(found.map(([key, value]) => [key, strippedValue(key, value, alter)]))
}

/** Where one value stands, a variable may stand. */
function withVariables({ type, pattern, enum: words }: Partial<Fragment>): Partial<Fragment> {
  const types = [type ?? []].flat()
  if (types.includes("string")) return pattern === undefined ? {} : { pattern: `${pattern}|${VARIABLE}` }
  const scalar = words === undefined && types.some((one) => one === "integer" || one === "number" || one === "boolean")
  return scalar ? { type: [...types, "string"], pattern: VARIABLE } : {}
}

function strippedValue(key: string, value: unknown, alter: Alteration): unknown {
  if (key === "properties" || key === "patternProperties") {
    return Object.fromEntries(Object.entries(value as object).map(([name, fragment]) => [name, stripped(fragment, alter)]))
  }
  return key === "items" || key === "additionalProperties" ? stripped(value, alter) : value
}
