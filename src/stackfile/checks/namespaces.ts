import { sysctlSpellings } from "../../base/sysctl-name.ts"
import { sharedWith } from "../../kinds/container/expand.ts"
import type { Draft, DraftContainer } from "../resolve.ts"

/** Keys that need a namespace of the container's own, and combinations that the kernel refuses. */
export function checkNamespaces(draft: Draft): void {
  const byName = new Map(draft.containers.map((c) => [c.name, c]))
  for (const container of draft.containers) {
    checkOwn(container)
    checkSysctls(container)
    checkPid(container, byName)
    checkImage(container, byName)
    checkDevices(container)
  }
  checkPairs(draft, byName)
}

function words(mode: string): string {
  const other = sharedWith(mode as "host")
  return other === undefined ? "the host's" : `container.${other}'s`
}

/** What belongs to whoever owns the namespace. */
function checkOwn({ attributes, entry }: DraftContainer): void {
  const { net, uts, user } = attributes.namespaces
  const needs = (key: string, kind: string, mode: string, hint: string) => {
    if (mode === "new" || !entry.has([key])) return
    entry.reportKey([key], "shared-namespace", `\`${key}\` of ${entry.address}: its ${kind} namespace is ${words(mode)}`, { hint })
  }
  const atOwner = (key: string, mode: string) =>
    mode === "host" ? `take out \`${key}\`, or give it a namespace of its own` : `write \`${key}\` at ${words(mode).slice(0, -2)}`
  needs("interfaces", "network", net, atOwner("interfaces", net))
  for (const key of ["routes", "rules", "neighbours"]) needs(key, "network", net, atOwner(key, net))
  needs("hostname", "uts", uts, atOwner("hostname", uts))
  needs("idmap", "user", user, atOwner("idmap", user))
}

function checkSysctls({ attributes, entry }: DraftContainer): void {
  const { net, ipc } = attributes.namespaces
  for (const name of Object.keys(attributes.sysctls)) {
    const [kind, mode] = name.startsWith("net.") ? ["network", net] : ["ipc", ipc]
    if (mode === "new") continue
    const [dotted, slashed] = sysctlSpellings(name)
    const written = entry.has(["sysctls", dotted]) ? dotted : slashed
    entry.reportKey(
      ["sysctls", written],
      "shared-namespace",
      `sysctl ${name} of ${entry.address}: its ${kind} namespace is ${words(mode)}`,
      {
        hint:
          mode === "host" ? "set it on the host, or give the container a namespace of its own" : `write it at ${words(mode).slice(0, -2)}`,
      },
    )
  }
}

/** /proc can only be mounted by who owns the process ids' namespace: both containers need one user namespace. */
function checkPid({ attributes, entry, name }: DraftContainer, byName: ReadonlyMap<string, DraftContainer>): void {
  const { pid, user, mount } = attributes.namespaces
  const owner = byName.get(sharedWith(pid) ?? "")
  if (owner === undefined || mount !== "new" || user === "host") return
  const theirs = owner.attributes.namespaces.user
  const mine = sharedWith(user) ?? name
  if (theirs !== "host" && (sharedWith(theirs) ?? owner.name) === mine) return
  entry.report(
    ["namespaces", "pid"],
    "namespace-combination",
    `the pid namespace of ${owner.entry.address} belongs to another user namespace`,
    {
      detail: "The kernel lets nobody else mount its /proc.",
      hint: `share the ids as well: \`user: ${theirs === "host" ? "host" : `container:${sharedWith(theirs) ?? owner.name}`}\``,
    },
  )
}

/** Without mounts of its own a container has no root filesystem of its own. */
function checkImage({ attributes, entry, value }: DraftContainer, byName: ReadonlyMap<string, DraftContainer>): void {
  const { mount } = attributes.namespaces
  if (mount === "new" || value.image === undefined) return
  const there = mount === "host" ? "host" : byName.get(sharedWith(mount) ?? "")?.attributes.image
  if (there === undefined || there === attributes.image) return
  entry.report(["image"], "shared-namespace", `image of ${entry.address}: its mount namespace, and so its root, is ${words(mount)}`, {
    hint: "take out `image`, or give it a mount namespace of its own",
  })
}

/** Nodes of devices are mounts, which are made in a namespace of its own alone. */
function checkDevices({ attributes, entry }: DraftContainer): void {
  const { namespaces, devices } = attributes
  if (namespaces.mount === "new" || devices.length === 0) return
  if (namespaces.mount === "host" && devices.every(({ source, target }) => source === target)) return
  entry.report(["devices"], "shared-namespace", `devices of ${entry.address}: its mount namespace is ${words(namespaces.mount)}`, {
    hint:
      namespaces.mount === "host"
        ? "there a device is where the host has it: leave its path in the container out"
        : "give the devices to the container that has the mounts",
  })
}

/** Ends of pairs go to containers that own their network. */
function checkPairs(draft: Draft, byName: ReadonlyMap<string, DraftContainer>): void {
  for (const { attributes, entry, value } of draft.veths) {
    for (const [i, end] of attributes.endpoints.entries()) {
      const mode = byName.get(end.container.slice("container.".length))?.attributes.namespaces.net ?? "new"
      if (mode === "new") continue
      const path = typeof value.endpoints?.[i] === "string" ? ["endpoints", i] : ["endpoints", i, "container"]
      const other = sharedWith(mode) ?? "host"
      entry.report(path, "shared-namespace", `the network namespace of ${end.container} is ${words(mode)}`, {
        hint: `name its owner: \`${other}:${end.interface}\``,
      })
    }
  }
}
