import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import { limitDiagnostics } from "../cgroup/limits.ts"
import { mountDiagnostics } from "./kind-mounts.ts"
import { rootlessProblems } from "./problems-rootless.ts"
import type { ContainerAttributes } from "./spec.ts"
import { hasHealthcheck } from "./spec-health.ts"
import { isMapped } from "./spec-ids.ts"
import { isRestarted } from "./spec-life.ts"

/** What this host lacks for a container: told before anything is done, least of all to the one it would replace. */
export function containerProblems(resource: Resource, host: HostFacts): Diagnostic[] {
  return [
    ...imageDiagnostics(resource, host),
    ...mountDiagnostics(resource, host),
    ...userDiagnostics(resource, host),
    ...idDiagnostics(resource, host),
    ...deviceDiagnostics(resource, host),
    ...limitDiagnostics(resource, host),
    ...sysctlDiagnostics(resource, host),
    ...systemDiagnostics(resource, host),
    ...restartDiagnostics(resource, host),
    ...rootlessProblems(resource, host),
  ]
}

function imageDiagnostics(resource: Resource, { absentImages }: HostFacts): Diagnostic[] {
  const { image } = resource.attributes
  if (typeof image !== "string" || !absentImages.includes(image)) return []
  const range = resource.range("image") ?? resource.range()
  return [
    error("no-image", `image ${image} is not there, or is no folder`, {
      address: resource.address,
      hint: "name a folder that holds a root filesystem; a path is taken from the stack file's folder",
      ...(range === undefined ? {} : { range }),
    }),
  ]
}

function deviceDiagnostics(resource: Resource, { absentNodes }: HostFacts): Diagnostic[] {
  const { devices } = resource.attributes as unknown as ContainerAttributes
  return devices
    .filter(({ source }) => absentNodes.includes(source))
    .map(({ source }) => {
      const range = resource.range(`devices.${source}`) ?? resource.range()
      return error("no-device", `this host has no device ${source}`, {
        address: resource.address,
        hint: "`ls -l /dev` shows what it has; a module may have to be loaded first (modprobe)",
        ...(range === undefined ? {} : { range }),
      })
    })
}

function sysctlDiagnostics(resource: Resource, { absentSysctls = {} }: HostFacts): Diagnostic[] {
  const { sysctls } = resource.attributes as unknown as ContainerAttributes
  return Object.keys(sysctls).flatMap((name) => {
    const near = absentSysctls[name]
    if (near === undefined) return []
    const range = resource.range(`sysctls.${name}`) ?? resource.range()
    return [
      error("no-sysctl", `this kernel has no ${name}`, {
        address: resource.address,
        hint: near === "" ? "`sysctl -a` lists those that it has" : `did you mean \`${near}\`?`,
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}

/** A system makes groups of its own, in cgroup2: a part of v1's hierarchies nobody may mount in a user namespace. An ordinary user is told otherwise. */
function systemDiagnostics(resource: Resource, { controllers, rootless }: HostFacts): Diagnostic[] {
  const { init } = resource.attributes as unknown as ContainerAttributes
  if (init !== "systemd" || "cgroup" in controllers || rootless?.groups === false) return []
  const range = resource.range("init") ?? resource.range()
  return [
    error("no-cgroup2", "init: systemd takes cgroup2, which is not mounted here", {
      address: resource.address,
      hint: "mount -t cgroup2 none /sys/fs/cgroup/unified; beside hierarchies of v1 it may have no controllers at all",
      ...(range === undefined ? {} : { range }),
    }),
  ]
}

/** What only the image, or this host, can tell of `restart`. */
function restartDiagnostics(resource: Resource, { controllers }: HostFacts): Diagnostic[] {
  const { restart, healthcheck, of_file, namespaces } = resource.attributes as unknown as ContainerAttributes
  if (!isRestarted({ restart })) return []
  const range = resource.range("restart") ?? resource.range()
  const told = (code: string, summary: string, hint: string) =>
    error(code, summary, { address: resource.address, hint, ...(range === undefined ? {} : { range }) })
  return [
    ...(restart !== "unless-healthy" || of_file !== undefined || hasHealthcheck(healthcheck)
      ? []
      : [
          told(
            "no-healthcheck",
            `neither ${resource.address} nor its image has a healthcheck: nothing tells when it is to be restarted`,
            "give it one (`healthcheck: { test: [CMD, …] }`), or write `restart: always`",
          ),
        ]),
    ...(namespaces.pid === "new" || "cgroup" in controllers
      ? []
      : [
          told(
            "no-cgroup2",
            "`restart` of a container without a pid namespace of its own takes cgroup2, by which what its command leaves behind is ended",
            "take `namespaces.pid` out, or mount cgroup2: mount -t cgroup2 none /sys/fs/cgroup/unified",
          ),
        ]),
  ]
}

function userDiagnostics(resource: Resource, { unknownUsers }: HostFacts): Diagnostic[] {
  return unknownUsers
    .filter((unknown) => isOf(resource, unknown))
    .flatMap(({ diagnostics }) => diagnostics)
    .map((diagnostic) => {
      const range = resource.range(unknownField(diagnostic)) ?? resource.range()
      return { ...diagnostic, address: resource.address, ...(range === undefined ? {} : { range }) }
    })
}

/** Where the name stands in the file that the image does not have. */
function unknownField({ code, summary }: Diagnostic): string {
  return code === "unknown-group" ? `group_add.${/"(.*)"$/.exec(summary)?.[1] ?? ""}` : "user"
}

function isOf({ attributes }: Resource, who: { image: string; user: string; group_add: readonly string[] }): boolean {
  const { image, user, group_add } = attributes as unknown as ContainerAttributes
  return who.image === image && who.user === user && who.group_add.join() === group_add.join()
}

/** A name's ids stand in the image: that the container has none of them shows only here. */
function idDiagnostics(resource: Resource, { knownUsers }: HostFacts): Diagnostic[] {
  const { user, uid_map, gid_map, namespaces } = resource.attributes as unknown as ContainerAttributes
  const known = namespaces.user === "new" ? knownUsers.find((one) => isOf(resource, one)) : undefined
  if (known === undefined) return []
  const groups = [...new Set([known.gid, ...known.groups])]
  const wrong = [
    ...(isMapped(uid_map, known.uid) ? [] : [`user id ${known.uid}`]),
    ...groups.filter((gid) => !isMapped(gid_map, gid)).map((gid) => `group id ${gid}`),
  ]
  const range = resource.range(user === "" ? "group_add" : "user") ?? resource.range()
  return wrong.map((id) =>
    error("unmapped-user", `${id} of ${user === "" ? "root" : `user ${user}`} is in no range of the container's idmap`, {
      address: resource.address,
      hint: "choose a user with mapped ids, or map them",
      ...(range === undefined ? {} : { range }),
    }),
  )
}
