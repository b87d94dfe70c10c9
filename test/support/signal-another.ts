/** Whether a process is hit that has the number of another one: run with the folder of libstack. */
import { spawn } from "node:child_process"
import { linuxKernel } from "../../src/kernel/linux.ts"

const kernel = linuxKernel(process.argv[2])
const sleep = spawn("sleep", ["100"])
sleep.once("spawn", () => {
  kernel.signal({ pid: Number(sleep.pid), startTime: "1" }, 9)
  setTimeout(() => {
    console.log(sleep.signalCode === null ? "spared" : "hit")
    sleep.kill("SIGKILL")
  }, 200)
})
