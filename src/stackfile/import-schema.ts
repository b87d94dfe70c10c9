import type { Fragment } from "../model/fragment.ts"
import { keys } from "../model/fragment.ts"

/** `import:` */
export function importSchema(): Fragment {
  return {
    description:
      "Links and cgroups that are there, bear no mark of a stack, and shall become this one's: marked and altered in place by the next apply. An entry whose resource is live does nothing any more, and may stay.",
    type: ["array", "null"],
    form: "a list of entries, each with `to` and a `name` or `path`",
    items: keys(
      "One of them: what it becomes, and what it is called in the kernel.",
      {
        to: {
          description: "Address of the resource of this file that it becomes: a bridge, a veth pair on the host, or a cgroup.",
          type: "string",
          form: "an address such as bridge.lan",
          examples: ["bridge.lan"],
        },
        name: {
          description: "Of a link: its name in the kernel; of a pair that of either end.",
          type: "string",
          form: "the name of a link",
          examples: ["br0"],
        },
        path: {
          description:
            "Of a cgroup: its path from the top of the hierarchy, the same in all of them. Its processes are brought into the stack's own group, and it is removed.",
          type: "string",
          form: "the path of a cgroup",
          examples: ["/my/group"],
        },
      },
      { required: ["to"], instead: { id: "name", from: "name" } },
    ),
  }
}
