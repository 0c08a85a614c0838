import type { Watch, WatchEvent, WatchHandler } from '../../client/client.ts'
import type { Timers } from '../../env/clock.ts'
import { acceptWebSocket } from '../../streams/upgrade.ts'
import type { Upgrade } from '../../streams/upgrade.ts'

/** A watch whose events go as messages. */
export interface SocketWatch {
  readonly timers: Timers
  /** When it ends. */
  readonly afterMs: number
  /** What may wait for a client that does not read before it is cut off. */
  readonly unsentBytes: number
  start(handler: WatchHandler): Promise<Watch>
  /** The messages of a batch. */
  encode(events: readonly WatchEvent[]): readonly Uint8Array[]
  encodeFailure(error: Error): Uint8Array
}

/**
 * Sends a watch over a WebSocket, a message for each event, as Java's clients ask for it. What cannot begin is refused as any
 * request is; what comes while the socket is made waits for it.
 */
export async function sendWatchOverSocket(upgrade: Upgrade, watch: SocketWatch): Promise<void> {
  const waiting: Uint8Array[] = []
  let send = (message: Uint8Array): void => void waiting.push(message)
  let end = (): void => {}
  let isOver = false
  const over = () => {
    isOver = true
    end()
  }
  const running = await watch.start({
    events: (events) => watch.encode(events).forEach((message) => send(message)),
    closed(error) {
      if (error !== undefined) send(watch.encodeFailure(error))
      over()
    },
  })
  const timer = watch.timers.after(watch.afterMs, over, { background: true })
  const stop = () => {
    timer.cancel()
    running.close()
  }
  const socket = await acceptWebSocket(upgrade, '').catch((error: unknown) => {
    stop()
    throw error
  })
  socket.once('close', stop)
  // A client has nothing to say, but may say that it leaves.
  socket.resume()
  send = (message) => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > watch.unsentBytes) socket.terminate()
    else socket.send(message, { binary: false })
  }
  end = () => socket.close(1000)
  for (const message of waiting.splice(0)) send(message)
  if (isOver) end()
}
