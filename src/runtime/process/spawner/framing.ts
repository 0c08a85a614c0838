/**
 * Frames between control plane and spawner: four bytes of length, one byte of kind, then the body. Kind 0 is a message in
 * JSON; kinds 1 to 4 are bytes of an exec session (stdin, stdout, stderr, end of stdin), preceded by four bytes that
 * number the session.
 */
export const MESSAGE = 0
export const STDIN = 1
export const STDOUT = 2
export const STDERR = 3
export const STDIN_END = 4

const HEADER_BYTES = 5

export function messageFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length)
  frame.writeUInt32LE(body.length, 0)
  frame[4] = MESSAGE
  body.copy(frame, HEADER_BYTES)
  return frame
}

export function dataFrame(kind: number, session: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 4 + bytes.length)
  frame.writeUInt32LE(4 + bytes.length, 0)
  frame[4] = kind
  frame.writeUInt32LE(session, HEADER_BYTES)
  frame.set(bytes, HEADER_BYTES + 4)
  return frame
}

export interface FrameHandlers {
  message(message: unknown): void
  data(kind: number, session: number, bytes: Buffer): void
}

/** Cuts a stream of bytes into frames; give it each chunk as it arrives. */
export function frameReader(handlers: FrameHandlers): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (pending.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + pending.readUInt32LE(0)
      if (pending.length < end) return
      const kind = pending[4] ?? MESSAGE
      const body = pending.subarray(HEADER_BYTES, end)
      pending = pending.subarray(end)
      if (kind === MESSAGE) handlers.message(JSON.parse(body.toString()))
      else handlers.data(kind, body.readUInt32LE(0), body.subarray(4))
    }
  }
}
