/** Holds this thread for so many milliseconds: what is read and written synchronously has no event to wait for. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
