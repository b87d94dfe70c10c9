import type { Fragment } from "../../model/fragment.ts"
import { keys, oneOrMore, size, truth } from "../../model/fragment.ts"

/** What of its files is written where. */
export function mountsSchema(): { [key: string]: Fragment } {
  return {
    volumes: {
      description:
        "What is mounted in it: `VOLUME:/target`, `./path:/target`, each with `:ro` or more options behind it (`rw`, `rslave`, `idmap`), or a map. Missing targets are made.",
      type: "array",
      form: "a list of mounts",
      items: {
        ...longForm(),
        type: ["string", "object"],
        form: "a text such as data:/var/lib/x or ./conf:/etc/x:ro, or a map",
      },
      examples: [["data:/var/lib/x", "./conf:/etc/x:ro", { type: "tmpfs", target: "/run", size: "16M" }]],
    },
    tmpfs: oneOrMore(
      "Folders in memory: a path, with `:size=16M,mode=0755` behind it where the usual (half of the memory, 1777) will not do.",
      { type: "string", examples: ["/tmp"] },
      "a path such as /tmp, or a list of them",
    ),
    read_only: truth("Nothing is written to its root filesystem; what is mounted in it is another matter.", false),
    ephemeral: truth("What it writes to its root filesystem is kept in memory (a tmpfs), and lost when its command ends.", false),
  }
}

function longForm(): Fragment {
  const path = (description: string): Fragment => ({ description, type: "string", form: "a path" })
  const mode: Fragment = {
    description: "Who may do what in it, in octal.",
    type: ["string", "integer"],
    form: "a mode such as 1777 or 0755",
  }
  const words = (description: string, values: readonly string[]): Fragment => ({ description, enum: values, form: values.join(", ") })
  const propagation = words("Whether what is mounted on the host below `source` later on shows inside.", [
    "private",
    "rprivate",
    "slave",
    "rslave",
  ])
  return keys(
    "One mount.",
    {
      type: words("What is mounted.", ["volume", "bind", "tmpfs"]),
      source: path("Of a volume its name; of a bind a path, relative to this file."),
      target: path("Where, inside the container."),
      read_only: truth("Nothing is written to it.", false),
      bind: keys("Of a bind.", {
        propagation,
        idmap: truth("What belongs to id n on the disk shows as the container's id n; else ids are the host's.", false),
      }),
      tmpfs: keys("Of a tmpfs, as compose has it.", { size: size("Bytes; default half of the memory."), mode }),
      size: size("Of a tmpfs: bytes; default half of the memory."),
      mode,
    },
    { required: ["type", "target"], later: ["volume", "consistency"] },
  )
}
