import { FRAME_HEADER_BYTES } from '../wire/frame.ts'
import type { Link } from '../wire/link.ts'
import { FRAME, LOG_HEADER_BYTES } from '../wire/messages.ts'

/** What threads write: to the pod's own log, and to the driver for as long as the connection takes it. */
export interface LogRelay {
  take(frame: Uint8Array): void
  /** The last lines of a thread, oldest first. */
  lastLines(thread: number): readonly string[]
}

/** Logs are not to fill the connection that results go over: past this many bytes that wait they stay in the pod's own log. */
const MAX_PENDING_BYTES = 1024 * 1024
const LAST_LINES = 10
const LAST_BYTES = 4000

export function createLogRelay(link: () => Pick<Link, 'sendFrames' | 'send' | 'pendingBytes'> | undefined): LogRelay {
  const last = new Map<number, string>()
  let leftOut = 0
  return {
    take(frame) {
      const body = frame.subarray(FRAME_HEADER_BYTES)
      const text = body.subarray(LOG_HEADER_BYTES)
      const stream = body[1] === 1 ? process.stderr : process.stdout
      stream.write(text)
      const thread = body[0]!
      last.set(thread, ((last.get(thread) ?? '') + Buffer.from(text).toString()).slice(-LAST_BYTES))
      const open = link()
      if (open === undefined || open.pendingBytes > MAX_PENDING_BYTES) return void (leftOut += text.byteLength)
      if (leftOut > 0) open.send(FRAME.log, note(thread, leftOut))
      leftOut = 0
      open.sendFrames([frame])
    },
    lastLines: (thread) => (last.get(thread) ?? '').split('\n').filter(Boolean).slice(-LAST_LINES),
  }
}

function note(thread: number, bytes: number): Uint8Array {
  return Buffer.from(`\0\0… ${bytes} bytes of the log are left out here: the log of the pod has them\n`).fill(
    thread,
    0,
    1,
  )
}
