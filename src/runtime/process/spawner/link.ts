import { Socket } from 'node:net'
import { dataFrame, frameReader, messageFrame } from './framing.ts'
import type { FrameHandlers } from './framing.ts'
import type { SpawnerEvent } from './messages.ts'

/** The connection to the control plane, on file descriptor 3. When it closes, the owner is gone, however it died. */
export interface Link {
  event(event: SpawnerEvent): void
  reply(id: number, outcome: { ok: true; value: unknown } | { ok: false; error: string }): void
  /** Returns false while the link is full: pause the source and wait for `onDrain`. */
  data(kind: number, session: number, bytes: Uint8Array): boolean
  onDrain(action: () => void): void
}

export function openLink(handlers: FrameHandlers, onClosed: () => void): Link {
  const socket = new Socket({ fd: 3, readable: true, writable: true })
  socket.on('data', frameReader(handlers))
  socket.on('error', onClosed)
  socket.on('close', onClosed)
  socket.on('end', onClosed)
  return {
    event: (event) => void socket.write(messageFrame(event)),
    reply: (id, outcome) => void socket.write(messageFrame({ id, ...outcome })),
    data: (kind, session, bytes) => socket.write(dataFrame(kind, session, bytes)),
    onDrain: (action) => void socket.once('drain', action),
  }
}
