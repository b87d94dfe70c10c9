import type { Kind } from "../../model/kind.ts"

/** How each field comes to its wish. */
export const RULES: Kind["rules"] = [
  { path: "state", change: "update" },
  { path: "image", change: "replace" },
  { path: "ephemeral", change: "replace" },
  { path: "read_only", change: "replace" },
  { path: "mounts.*", change: "replace" },
  { path: "secrets.*", change: "replace" },
  { path: "configs.*", change: "replace" },
  { path: "argv", change: "replace" },
  { path: "environment.*", change: "replace" },
  { path: "working_dir", change: "replace" },
  { path: "user", change: "replace" },
  { path: "group_add", change: "replace" },
  { path: "init", change: "replace" },
  { path: "uid_map", change: "replace" },
  { path: "gid_map", change: "replace" },
  { path: "cgroup", change: "update" },
  { path: "namespaces.*", change: "replace" },
  { path: "capabilities", change: "replace" },
  { path: "no_new_privileges", change: "replace" },
  { path: "seccomp", change: "replace" },
  { path: "unmask", change: "replace" },
  { path: "all_devices", change: "replace" },
  { path: "devices", change: "replace" },
  { path: "device_program", change: "update" },
  { path: "ulimits.*", change: "update" },
  { path: "oom_score_adj", change: "update" },
  { path: "hostname", change: "update" },
  { path: "hosts", change: "update" },
  { path: "loopback", change: "update" },
  { path: "limits.*", change: "update" },
  { path: "routes", change: "update" },
  { path: "sysctls.*", change: "update" },
  { path: "labels.*", change: "update" },
  { path: "depends_on", change: "update" },
  { path: "stop_signal", change: "update" },
  { path: "stop_grace_period", change: "update" },
]

/** The op that brings a field to its wish in place. */
export const UPDATES: { readonly [field: string]: string } = {
  state: "restart",
  cgroup: "move",
  limits: "limits",
  device_program: "devices",
  ulimits: "ulimits",
  oom_score_adj: "oom",
  hostname: "hostname",
  hosts: "hosts",
  loopback: "loopback",
  sysctls: "sysctls",
  routes: "routes",
  labels: "record",
  depends_on: "record",
  stop_signal: "record",
  stop_grace_period: "record",
}

/** What another program runs with, and what it finds: nothing that its network and its ids have to do with. */
export const INSIDE = new Set([
  ...["image", "ephemeral", "read_only", "argv", "environment", "working_dir", "user", "group_add", "init"],
  ...["devices", "unmask", "mounts", "secrets", "configs"],
])
