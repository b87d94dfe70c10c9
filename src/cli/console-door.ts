import { once } from "node:events"
import { closeSync, constants, openSync } from "node:fs"
import type { Socket } from "node:net"
import { connect } from "node:net"

/** `O_PATH` of <fcntl.h>, which Node has no name for. */
const O_PATH = 0o10000000

/**
 * A connection to the console whose socket is in this run folder; undefined where none answers.
 * By a descriptor of the folder, as a socket's path may not be long. unix(7)
 */
export async function knock(folder: string): Promise<Socket | undefined> {
  let fd: number | undefined
  try {
    fd = openSync(folder, O_PATH | constants.O_DIRECTORY)
    const socket = connect(`/proc/self/fd/${fd}/console`)
    await once(socket, "connect")
    return socket
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
