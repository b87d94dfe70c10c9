import type { Fragment } from "../../model/fragment.ts"
import { keys, truth, wholeNumber } from "../../model/fragment.ts"

/** What its root may do, and what bounds its processes. */
export function powersSchemas(): { [key: string]: Fragment } {
  return {
    profile: {
      description:
        "What it may do before the keys below say more. `default`: root with eleven capabilities, no_new_privs, a filter of system calls, few devices; `strict`: the same without any capability; `system`: what a whole system in a user namespace of its own needs; `unsafe`: nothing holds it but its namespaces, which may be the host's.",
      enum: ["strict", "default", "system", "unsafe"],
      default: "default",
      form: "strict, default, system, or unsafe",
    },
    privileged: truth(
      "All capabilities, no filter of system calls, no masked paths, nothing that holds it to some devices: only its namespaces hold it, which let it make none. With the host's ids only by `profile: unsafe`.",
      false,
    ),
    cap_add: capabilities("Capabilities that it has beside the usual ones", "NET_ADMIN"),
    cap_drop: capabilities("Capabilities of the usual ones that it has not; with ALL just those of `cap_add` are left", "ALL"),
    security_opt: {
      description:
        "`no-new-privileges=false` (default true), and `seccomp=`: `default`, `unconfined`, or a profile of the OCI runtime specification's or Docker's form, a file relative to this one; `unmask=` paths of /proc and /sys that are not to be masked or read-only, with colons between them, or `ALL` (Docker's `systempaths=unconfined`).",
      type: "array",
      items: { description: "NAME=VALUE, or NAME:VALUE.", type: "string", form: "a text such as seccomp=unconfined" },
      form: "a list of options",
      examples: [["seccomp=./profile.json"]],
    },
    devices: devicesSchema(),
    ulimits: ulimitsSchema(),
    oom_score_adj: wholeNumber("How ready the kernel is to kill it when memory runs out: more than 0 sooner, less later.", -1000, 1000, {
      default: 0,
    }),
  }
}

function devicesSchema(): Fragment {
  const text = (description: string, more: Partial<Fragment> = {}): Fragment => ({ description, type: "string", form: "a path", ...more })
  const long = keys(
    "A device.",
    {
      source: text("The host's device."),
      target: text("Where it is in the container, below /dev. Default: as on the host."),
      permissions: text("How it may be used: r (read), w (write), m (mknod).", { default: "rwm", form: "some of r, w and m" }),
    },
    { required: ["source"] },
  )
  return {
    description:
      "Devices of the host's that it may use, besides null, zero, full, random, urandom, tty and terminals of its own; all others are refused.",
    type: "array",
    items: {
      ...long,
      description: "HOST[:CONTAINER[:PERMISSIONS]], or a map.",
      type: ["string", "object"],
      form: "a device such as /dev/fuse:/dev/fuse:rw",
    },
    form: "a list of devices",
    examples: [["/dev/fuse:/dev/fuse:rw"]],
  }
}

function ulimitsSchema(): Fragment {
  const bound = (description: string): Fragment => ({
    description,
    type: ["integer", "string"],
    pattern: "^unlimited$",
    minimum: -1,
    maximum: Number.MAX_SAFE_INTEGER,
    form: "a whole number below 2^53, or unlimited",
  })
  const both = keys(
    "Both limits.",
    { soft: bound("What holds."), hard: bound("How far a process may raise it.") },
    { required: ["soft", "hard"] },
  )
  const either: Fragment = {
    ...both,
    ...bound("One number for both limits, or each."),
    type: ["integer", "string", "object"],
    form: "a whole number below 2^53, unlimited, or a map of soft and hard",
  }
  return {
    description: "Limits of each process, by the names of prlimit(1); what is not named is as the caller of apply has it. getrlimit(2)",
    type: "object",
    form: "a map of limits",
    // Their names are looked at behind the schema: a validator for each would be long.
    additionalProperties: either,
    examples: [{ nofile: 1024, core: { soft: 0, hard: "unlimited" } }],
  }
}

function capabilities(description: string, example: string): Fragment {
  const name: Fragment = {
    description: "A capability's name, with or without CAP_, or ALL. capabilities(7)",
    type: "string",
    form: "a capability such as NET_ADMIN",
  }
  return {
    description: `${description}. capabilities(7)`,
    type: "array",
    items: name,
    form: "a list of capabilities",
    examples: [[example]],
  }
}
