import type { Socket } from "node:net"
import type { ReadStream, WriteStream } from "node:tty"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import { groupIn, holdingPathIn } from "../../kinds/container/kind-group-path.ts"
import { runFolderOf } from "../../model/ownership.ts"
import { readMonitors } from "../../observe/monitors.ts"
import { requireSoundRunFolder } from "../../observe/run-folder.ts"
import { knock } from "../console-door.ts"
import { escapeReader } from "../console-escape.ts"
import { inputFrames, sizeFrame } from "../console-frames.ts"
import type { Context } from "../context.ts"
import { EXIT } from "../exit.ts"
import { liveName, noContainer, requireThawed } from "../live-container.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStack } from "../stack-file.ts"

export interface ConsoleOptions extends FileOptions {
  container: string
}

/** Sits down at the console of a system container, until Ctrl-a q, or its end. */
export async function consoleOf(options: ConsoleOptions, context: Context): Promise<number> {
  const desired = liveStack(options, context)
  const { stack } = desired
  const session = openSession(stack, context)
  const { kernel, cgroups } = session
  requireSoundRunFolder(kernel, stack)
  const monitors = readMonitors(kernel, stack, cgroups.monitors())
  const known = [...monitors.keys()]
  const name = liveName(options.container, desired, known)
  if (!known.includes(name)) throw noContainer(name, stack, known)
  const init = monitors.get(name)?.init?.pid
  if (init !== undefined) requireThawed(session, name, groupIn(stack, holdingPathIn(cgroups, kernel.read(`/proc/${init}/cgroup`))), init)
  const socket = await knock(runFolderOf(stack, name))
  if (socket === undefined) throw noConsole(name)
  context.err.write(`At the console of container.${name}. Ctrl-a q leaves it; Enter shows where it is.\r\n`)
  const left = await sit(socket, process.stdin as ReadStream, process.stdout as WriteStream)
  context.err.write(left ? "\r\nLeft the console; the container goes on.\r\n" : "\r\nThe console has closed.\r\n")
  return EXIT.ok
}

function noConsole(name: string): DiagnosticError {
  return new DiagnosticError(
    error("no-console", `container.${name} has no console`, {
      hint: `a system container has one (\`init: systemd\`), as long as it runs; \`stack exec -t ${name} -- sh\` opens a shell in any`,
    }),
  )
}

/** True: it was left; false: it has closed. A terminal is raw meanwhile: every key is the container's. */
async function sit(socket: Socket, input: ReadStream, output: WriteStream): Promise<boolean> {
  const keys = escapeReader()
  const resize = () => void (output.isTTY && socket.write(sizeFrame(output.rows, output.columns)))
  const raw = (on: boolean) => void (input.isTTY && input.setRawMode(on))
  raw(true)
  resize()
  output.on("resize", resize)
  try {
    return await new Promise<boolean>((resolve) => {
      input.on("data", (bytes: Buffer) => {
        const { typed, leave } = keys(bytes)
        for (const frame of inputFrames(typed)) socket.write(frame)
        if (leave) resolve(true)
      })
      // What comes from a pipe ends: the console's answer to it is still to be seen.
      socket.on("data", (bytes) => output.write(bytes))
      socket.on("close", () => resolve(false))
      socket.on("error", () => resolve(false))
    })
  } finally {
    raw(false)
    output.off("resize", resize)
    input.removeAllListeners("data")
    input.pause()
    socket.destroy()
  }
}
