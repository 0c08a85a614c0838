import { FRAME_HEADER_BYTES, writeFrameHeader } from '../wire/frame.ts'
import { FRAME, LOG_HEADER_BYTES } from '../wire/messages.ts'

/**
 * Sends what user code on this thread writes to its console the way that results go, so that it is there before the result of
 * whoever wrote it, and is not lost with a thread that blocks.
 */
export function forwardLogs(thread: number, send: (frame: Uint8Array<ArrayBuffer>) => void): void {
  const encoder = new TextEncoder()
  for (const [stream, isError] of [
    [process.stdout, false],
    [process.stderr, true],
  ] as const) {
    const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
      send(logFrame(thread, isError, typeof chunk === 'string' ? encoder.encode(chunk) : chunk))
      const written = rest.at(-1)
      if (typeof written === 'function') queueMicrotask(() => (written as () => void)())
      return true
    }
    stream.write = write as typeof stream.write
  }
}

function logFrame(thread: number, isError: boolean, text: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = LOG_HEADER_BYTES + text.byteLength
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes)
  writeFrameHeader(frame, FRAME.log, bytes)
  frame[FRAME_HEADER_BYTES] = thread
  frame[FRAME_HEADER_BYTES + 1] = isError ? 1 : 0
  frame.set(text, FRAME_HEADER_BYTES + LOG_HEADER_BYTES)
  return frame
}
