import type { Driver } from "../../model/driver.ts"
import { move } from "./move.ts"
import { observeContainers } from "./observe.ts"
import { reap, restart } from "./restart.ts"
import { makeGroups, spawn, start } from "./spawn.ts"
import { remove, stop } from "./stop.ts"
import {
  freezeAgain,
  updateDevices,
  updateDns,
  updateFrozen,
  updateHealthcheck,
  updateHostname,
  updateHosts,
  updateLimits,
  updateLoopback,
  updateOomScore,
  updatePolicy,
  updateRecord,
  updateRoutes,
  updateStopped,
  updateSysctls,
  updateUlimits,
} from "./update.ts"
import { updateMounts } from "./update-mounts.ts"
import { wait } from "./wait.ts"

/** A container: a monitor, the process it watches, their cgroup, run folder and writable layer. */
export const containerDriver: Driver = {
  name: "container",
  observe: (scope) => () => observeContainers(scope),
  ops: {
    cgroup: makeGroups,
    spawn,
    start,
    restart,
    reap,
    stop,
    remove,
    move,
    limits: updateLimits,
    mounts: updateMounts,
    devices: updateDevices,
    ulimits: updateUlimits,
    oom: updateOomScore,
    healthcheck: updateHealthcheck,
    wait,
    hostname: updateHostname,
    hosts: updateHosts,
    dns: updateDns,
    sysctls: updateSysctls,
    routes: updateRoutes,
    loopback: updateLoopback,
    thaw: updateFrozen,
    freeze: freezeAgain,
    signal: updateStopped,
    record: updateRecord,
    policy: updatePolicy,
  },
}
