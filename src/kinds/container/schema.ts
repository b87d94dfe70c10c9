import type { Fragment } from "../../model/fragment.ts"
import { keys, lifecycleKeys, named, oneOrMore, textMap, wholeNumber } from "../../model/fragment.ts"
import { limitsSchema } from "../cgroup/schema.ts"
import { idmapSchema } from "../idmap/schema.ts"
import { interfacesSchema } from "../interface/schema.ts"
import { portsSchema } from "../nat/schema-ports.ts"
import { givenSchema } from "./schema-given.ts"
import { conditionSchema, healthcheckSchema } from "./schema-health.ts"
import { lifeKeys } from "./schema-life.ts"
import { mountsSchema } from "./schema-mounts.ts"
import { namesSchema } from "./schema-names.ts"
import { powersSchemas } from "./schema-powers.ts"
import { routingSchema } from "./schema-routing.ts"

/** `containers:` */
export function containersSchema(): Fragment {
  return named(
    "Containers, by name.",
    keys(
      "A container.",
      {
        ...process(),
        ...surroundings(),
        ...isolation(),
        ...powersSchemas(),
        ...mountsSchema(),
        ...givenSchema(),
        interfaces: interfacesSchema(),
        ...namesSchema(),
        ports: portsSchema(),
        ...routingSchema(),
        ...lifeKeys(),
        ...composition(),
        ...lifecycleKeys(),
      },
      { instead: INSTEAD, rewritten: REWRITTEN },
    ),
  )
}

function sharing(kind: string): readonly (readonly [pattern: string, hint: string])[] {
  return [
    ["^host$", `write \`namespaces: { ${kind}: host }\``],
    ["^(?:service|container):(.+)$", `write \`namespaces: { ${kind}: "container:$1" }\``],
    ["^private$", "take it out: it has one of its own"],
  ]
}

const NETWORK_MODES = [
  ["^none$", "take it out: a container without `interfaces` has a network namespace of its own, with `lo` alone"],
  ["^(?:bridge|default)$", "write `interfaces: { eth0: { bridge: NAME } }`, with a bridge of `bridges:`"],
  ...sharing("net"),
] as const

/** Compose's, docker's and containerlab's words for what is written otherwise here. */
const INSTEAD: { readonly [word: string]: string } = {
  container_name: "",
  networks: "interfaces",
  ...{ network_mode: "namespaces.net", net: "namespaces.net" },
  pid: "namespaces.pid",
  ipc: "namespaces.ipc",
  uts: "namespaces.uts",
  userns_mode: "namespaces.user",
  mem_limit: "limits.memory",
  memory: "limits.memory",
  memswap_limit: "limits.memory_swap",
  cpus: "limits.cpus",
  cpuset: "limits.cpuset",
  pids_limit: "limits.pids",
  scale: "replicas",
  cgroup_parent: "cgroup",
  mem_reservation: "limits.memory_low",
  cpu_shares: "limits.cpu_weight",
  env: "environment",
  cmd: "command",
  cpu_quota: "limits.cpus",
  cpu_count: "limits.cpus",
  blkio_config: "limits.io",
  deploy: "limits",
  build: "image",
  domainname: "hostname",
  mac_address: "interfaces.*.mac",
  annotations: "labels",
  shm_size: "tmpfs",
  volumes_from: "volumes",
  gpus: "devices",
  device_cgroup_rules: "devices",
  ...{ expose: "", links: "", tty: "", stdin_open: "", attach: "", logging: "", pull_policy: "", platform: "" },
  unsafe: "idmap.unsafe",
  ...{ binds: "volumes", mounts: "volumes", exec: "command", cpu: "limits.cpus", "cpu-set": "limits.cpuset", kind: "image" },
  ...{ "startup-config": "configs", "network-mode": "namespaces.net", "restart-policy": "restart" },
  ...{ network: "interfaces", bridge: "interfaces.*.bridge", ip: "interfaces.*.address", address: "interfaces.*.address" },
  ...{ gateway: "interfaces.*.gateway", mac: "interfaces.*.mac", mgmt_ipv4: "interfaces.*.address", "mgmt-ipv4": "interfaces.*.address" },
}

/** Their values, where such a container is written otherwise here. */
const REWRITTEN: NonNullable<Fragment["rewritten"]> = {
  ...Object.fromEntries(["network_mode", "network-mode", "net"].map((word) => [word, NETWORK_MODES])),
  ...Object.fromEntries(["pid", "ipc", "uts"].map((word) => [word, sharing(word)])),
  extends: [["", "write what both have under a key of your own, `x-base: &base { … }`, and `<<: *base` here"]],
}

/** Compose's, of a container that is depended on. */
const REQUIRED: NonNullable<Fragment["rewritten"]> = {
  required: [
    ["^true$", "take it out: that is so of every one"],
    ["", "take the whole entry out: what is depended on has to be there"],
  ],
}

type Fragments = { [key: string]: Fragment }

function process(): Fragments {
  const words = (description: string): Fragment => ({
    description,
    type: ["string", "array"],
    items: { description: "One word.", type: ["string", "number", "boolean"], form: "a text" },
    form: "a list of words, or one text",
  })
  return {
    image: {
      description:
        "Root filesystem: `host` (the host's own system folders, read through an overlay), `dir:PATH` (a folder), `tar:PATH` (a tarball of one), `oci:PATH[:TAG]` (an OCI image layout), `docker-archive:PATH` (what `docker save` writes), `docker://REGISTRY/REPOSITORY[:TAG][@DIGEST]`, or `debootstrap:SUITE` (made by the host's debootstrap). Paths are relative to this file.",
      type: "string",
      pattern: "^(host|(dir|tar|oci|docker-archive|debootstrap):.+|docker://.+)$",
      default: "host",
      form: "`host`, `dir:PATH`, `tar:PATH`, `oci:PATH[:TAG]`, `docker-archive:PATH`, `docker://REGISTRY/REPOSITORY:TAG` or `debootstrap:SUITE`",
      meant: [
        ["^\\.{0,2}/.*\\.(tar|tgz|tar\\.[a-z0-9]+)$", "tar:"],
        ["^\\.{0,2}/", "dir:"],
        ["^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_.-]+)?$", "docker://"],
      ],
      examples: ["host", "dir:./rootfs", "tar:./rootfs.tar.gz", "oci:./layout:1.0", "docker://registry.example/app:1.0"],
    },
    command: words("What is run: a list, or one text that is split into words as a shell would. Needed unless `entrypoint` is there."),
    entrypoint: words("Words before the command's."),
    working_dir: {
      description: "Folder the command starts in.",
      type: "string",
      pattern: "^/",
      default: "/",
      form: "an absolute path inside the container",
    },
    user: {
      description: "Who the command runs as: UID, UID:GID, or names that the image's /etc/passwd and /etc/group know.",
      type: ["string", "integer"],
      minimum: 0,
      pattern: "^[^:\\s]+(:[^:\\s]+)?$",
      form: "UID, UID:GID, or names",
      examples: ["1000:1000"],
    },
    group_add: {
      description: "Groups that the command is in besides: GIDs, or names that the image's /etc/group knows.",
      type: "array",
      items: { description: "A group.", type: ["string", "integer"], minimum: 0, pattern: "^[^:\\s]+$", form: "a GID, or a group's name" },
      form: "a list of groups",
      examples: [["video", 44]],
    },
    hostname: {
      description: "Host name inside, also at /etc/hostname. Default: the container's name.",
      type: "string",
      // RFC 1123, section 2.1, with `_` besides; as long as the kernel takes one: uname(2).
      pattern: "^(?=.{1,64}$)[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?)*$",
      form: "a host name: letters, digits, `-` and `_` in parts of at most 63, dots between them, at most 64 in all",
    },
  }
}

function surroundings(): Fragments {
  return {
    environment: textMap(
      "Environment: a map, or a list of NAME=value. A NAME without a value takes the caller's. Set where absent: PATH, HOSTNAME, and HOME (as the image's /etc/passwd has it for the user; else /root for root, / for others).",
      "a map of NAME: value, or a list of NAME=value",
    ),
    env_file: oneOrMore(
      "Files of NAME=value lines, relative to this file; later wins, `environment` wins over all.",
      { type: "string" },
      "a path, or a list of them",
    ),
  }
}

function isolation(): Fragments {
  const idmap = idmapSchema("User and group id map: the name of one of `idmaps`, or a map of its own. Default: a free range of 65536 ids.")
  return {
    idmap: { ...idmap, type: ["string", "object"], form: "the name of an idmap, or an idmap" },
    cgroup: { description: "Parent group: one of `cgroups`.", type: "string", form: "the name of a cgroup" },
    limits: limitsSchema("What it may use."),
    sysctls: {
      description:
        "Kernel parameters of its own network and ipc namespaces: net.*, kernel.msg*, kernel.sem, kernel.shm*, fs.mqueue.*; a map, or a list of NAME=value. A dot in the name of a link is a slash, as sysctl(8) has it: net.ipv4.conf.eth0/10.forwarding.",
      type: ["object", "array"],
      form: "a map of kernel parameters, or a list of NAME=value",
      additionalProperties: { description: "Its value.", type: ["string", "integer"], pattern: "\\S", form: "a text or a number" },
      items: { description: "`NAME=value`", type: "string", pattern: "^[^=]+=[\\s\\S]*\\S", form: "`NAME=value`" },
      examples: [{ "net.ipv4.ip_forward": 1 }],
    },
    namespaces: namespacesSchema(),
  }
}

function namespacesSchema(): Fragment {
  const mode = (what: string): Fragment => ({
    description: `${what}: a new one, the host's, or another container's.`,
    type: "string",
    pattern: "^(new|host|container:.+)$",
    default: "new",
    form: "new, host, or container:NAME",
    examples: ["new", "host", "container:NAME"],
  })
  return keys(
    "Namespaces; each `new` unless said otherwise. namespaces(7)",
    {
      user: mode("User and group ids"),
      mount: mode("Mounts, the root filesystem among them"),
      pid: mode("Process ids"),
      net: mode("Network"),
      ipc: mode("Message queues, semaphores, shared memory"),
      uts: mode("Host name"),
      cgroup: mode("View of the cgroups"),
    },
    { later: ["time"] },
  )
}

function composition(): Fragments {
  return {
    depends_on: {
      description: "Containers that are started before: a list, or a map with a condition for each.",
      type: ["array", "object"],
      form: "a list of containers, or a map with conditions",
      items: { description: "A container's name.", type: "string", form: "the name of a container" },
      additionalProperties: {
        ...keys(
          "What is waited for.",
          {
            condition: conditionSchema(),
          },
          { instead: { restart: "" }, rewritten: REQUIRED },
        ),
        type: ["object", "null"],
      },
    },
    healthcheck: healthcheckSchema(),
    replicas: wholeNumber(`So many of it: web[0], web[1], …; $\{index} in its texts is the number. Absent: one, called web.`, 0, 1000),
    labels: textMap("Labels, kept with the container: a map, or a list of NAME=value.", "a map of NAME: value, or a list of NAME=value"),
    profiles: {
      description: "It is there only when one of these profiles is active. Absent: always.",
      type: "array",
      items: { description: "A profile.", type: "string", pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$", form: "a name" },
      form: "a list of profiles",
    },
  }
}
