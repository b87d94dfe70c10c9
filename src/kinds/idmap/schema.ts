import type { Fragment } from "../../model/fragment.ts"
import { keys, named, truth, wholeNumber } from "../../model/fragment.ts"

/** `idmaps:` */
export function idmapsSchema(): Fragment {
  return named(
    "User and group id maps, by name.",
    idmapSchema("Maps that containers name by `idmap:`. Containers of one map share their host ids."),
  )
}

/** One map. user_namespaces(7) */
export function idmapSchema(description: string): Fragment {
  return keys(description, {
    uid: rangesSchema("User ids."),
    gid: rangesSchema("Group ids. Default: the same as `uid`."),
    unsafe: truth("Host id 0 may be mapped: who has it inside is the host's root wherever files decide, and no boundary holds it.", false),
    size: wholeNumber("An automatic map of so many ids: a free range, the same each time, that overlaps no other's.", 1, 2 ** 31),
  })
}

function rangesSchema(what: string): Fragment {
  const id = (words: string) => wholeNumber(words, 0, 2 ** 32 - 2)
  const { type: _, ...long } = keys(
    'A range as "CONTAINER HOST COUNT", or OCI\'s map.',
    { containerID: id("First id inside."), hostID: id("First id on the host."), size: wholeNumber("How many.", 1, 2 ** 32 - 1) },
    { required: ["containerID", "hostID", "size"] },
  )
  const form = 'a list of ranges, each "CONTAINER HOST COUNT" such as "0 100000 65536"'
  const range: Fragment = {
    ...long,
    type: ["string", "object"],
    pattern: "^\\s*([ugb]\\s+)?[0-9]{1,10}\\s+[0-9]{1,10}\\s+[0-9]{1,10}\\s*$",
    form: '"CONTAINER HOST COUNT" such as "0 100000 65536"',
  }
  return { description: `${what} A list of ranges.`, type: "array", items: range, minItems: 1, maxItems: 340, form }
}
