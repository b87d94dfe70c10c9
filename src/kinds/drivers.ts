import type { Driver } from "../model/driver.ts"
import type { KindName } from "../model/resource.ts"
import { bridgeDriver } from "./bridge/driver.ts"
import { cgroupDriver } from "./cgroup/driver.ts"
import { containerDriver } from "./container/driver.ts"
import { hostsDriver } from "./hosts/driver.ts"
import { imageDriver } from "./image/driver.ts"
import { interfaceDriver } from "./interface/driver.ts"
import { natDriver } from "./nat/driver.ts"
import { vethDriver } from "./veth/driver.ts"
import { volumeDriver } from "./volume/driver.ts"

/** The live faces of all kinds. What begins its reading beside that of others stands before them. */
export const drivers: { readonly [K in KindName]: Driver } = {
  container: containerDriver,
  bridge: bridgeDriver,
  cgroup: cgroupDriver,
  hosts: hostsDriver,
  image: imageDriver,
  interface: interfaceDriver,
  nat: natDriver,
  veth: vethDriver,
  volume: volumeDriver,
}
