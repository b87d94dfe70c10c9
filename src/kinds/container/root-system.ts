import type { SetupOp } from "../../kernel/kernel.ts"
import { MS_NODEV, MS_NOSUID, PLAIN_MOUNT } from "../../kernel/mount-flags.ts"
import type { ContainerAttributes } from "./spec.ts"

/**
 * What a system expects of the machine that it boots on, beside /proc, /sys and /dev: its own groups (in a cgroup namespace: those below the
 * container's), a console, and an empty /run and /tmp. https://systemd.io/CONTAINER_INTERFACE
 */
export function systemMounts({ init }: ContainerAttributes): SetupOp[] {
  if (init !== "systemd") return []
  return [
    { op: "mount", source: "cgroup2", target: "/sys/fs/cgroup", type: "cgroup2", flags: PLAIN_MOUNT, data: "" },
    { op: "tmpfs", target: "/run", flags: MS_NOSUID | MS_NODEV, data: "mode=755" },
    { op: "tmpfs", target: "/tmp", flags: MS_NOSUID | MS_NODEV, data: "mode=1777" },
    { op: "file", target: "/dev/console", mode: 0o600 },
    { op: "console", target: "/dev/console" },
  ]
}
