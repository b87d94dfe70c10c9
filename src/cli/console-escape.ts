const CTRL_A = 0x01
const QUIT = "q".charCodeAt(0)

/** What of the keys goes to the console, and whether they say to leave it. LXC's keys: Ctrl-a q; Ctrl-a Ctrl-a is one Ctrl-a. */
export function escapeReader(): (bytes: Uint8Array) => { typed: Uint8Array; leave: boolean } {
  let escaped = false
  return (bytes) => {
    const typed: number[] = []
    for (const byte of bytes) {
      if (escaped && byte === QUIT) return { typed: Uint8Array.from(typed), leave: true }
      if (!escaped && byte === CTRL_A) {
        escaped = true
        continue
      }
      if (escaped && byte !== CTRL_A) typed.push(CTRL_A)
      escaped = false
      typed.push(byte)
    }
    return { typed: Uint8Array.from(typed), leave: false }
  }
}
