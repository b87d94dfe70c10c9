/** What a monitor takes at once, without the four bytes before it. native/monitor/console.h */
const MOST = 256

function frame(kind: number, bytes: Uint8Array): Buffer {
  const head = Buffer.from([kind, 0, bytes.length & 0xff, bytes.length >> 8])
  return Buffer.concat([head, bytes])
}

/** Keys, as the monitor takes them. */
export function inputFrames(bytes: Uint8Array): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length; at += MOST) frames.push(frame(0, bytes.subarray(at, at + MOST)))
  return frames
}

/** The terminal's size. */
export function sizeFrame(rows: number, columns: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(rows, 0)
  bytes.writeUInt16LE(columns, 2)
  return frame(1, bytes)
}
