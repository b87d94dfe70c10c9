import type { DeviceProgram } from "../devices/program.ts"
import { PROGRAM_MARK } from "../devices/program.ts"
import { errnoName } from "./errno.ts"
import type { Ffi } from "./ffi.ts"
import type { Kernel } from "./kernel.ts"
import { isAbsent, refused } from "./refused.ts"

/** BPF_OBJ_NAME_LEN */
const NAME_BYTES = 16
/** Of one group, at most: the count and 64 names. */
const GROUP_BYTES = 4 + 64 * NAME_BYTES

/** The part of the port that is device programs. One that is loaded stays so until this process ends: a hundred containers share it. */
export function openDevices(ffi: Ffi): Pick<Kernel, "attachDevices" | "devicePrograms"> {
  const loaded = new Map<string, number>()
  const load = ({ name, code }: DeviceProgram): number => {
    const fd = loaded.get(name) ?? refused("load a device program", ffi.deviceLoad(name, code))
    loaded.set(name, fd)
    return fd
  }
  return {
    attachDevices: (folder, program) => {
      refused(`attach a device program to ${folder}`, ffi.deviceAttach(folder, load(program), program.name, PROGRAM_MARK))
    },
    devicePrograms: (folders) => programsOf(ffi, folders),
  }
}

function programsOf(ffi: Ffi, folders: readonly string[]): (string[] | null)[] {
  if (folders.length === 0) return []
  // Mostly each has one: room for all that the last one might have.
  for (let room = folders.length * (4 + 2 * NAME_BYTES) + GROUP_BYTES; ; room *= 4) {
    const out = Buffer.allocUnsafe(room)
    const length = ffi.devicePrograms(Buffer.from(folders.map((folder) => `${folder}\0`).join("")), out)
    if (errnoName(length) === "ENOBUFS") continue
    refused("ask for device programs", length)
    return namesIn(out, folders)
  }
}

function namesIn(out: Buffer, folders: readonly string[]): (string[] | null)[] {
  let at = 0
  return folders.map((folder) => {
    const count = out.readInt32LE(at)
    at += 4
    if (isAbsent(count)) return null
    refused(`ask for device programs of ${folder}`, count)
    return Array.from({ length: count }, () => {
      const name = out.toString("latin1", at, at + NAME_BYTES)
      at += NAME_BYTES
      return name.replace(/\0.*$/s, "")
    })
  })
}
