import { once } from 'node:events'
import { acceptWebSocket, offeredProtocols } from '../../streams/upgrade.ts'
import type { Upgrade } from '../../streams/upgrade.ts'

const BASE64 = 'base64.binary.k8s.io'
const PROTOCOLS = ['binary.k8s.io', BASE64]
/** A log waits while the socket has this much to send. */
const UNSENT_BYTES = 256 * 1024
const LOOK_AGAIN_BYTES = 64 * 1024

/** Sends a log over a WebSocket, a message for each piece; the connection ends with the log. */
export async function sendLogOverSocket(upgrade: Upgrade, log: AsyncIterable<Uint8Array>): Promise<void> {
  const protocol = offeredProtocols(upgrade.request).find((name) => PROTOCOLS.includes(name)) ?? ''
  const socket = await acceptWebSocket(upgrade, protocol)
  socket.resume()
  const send = (chunk: Uint8Array) => {
    const message = protocol === BASE64 ? Buffer.from(chunk).toString('base64') : chunk
    return new Promise<void>((resolve) => {
      const waits = socket.bufferedAmount > UNSENT_BYTES
      socket.send(message, waits ? () => resolve() : undefined)
      if (!waits) resolve()
    })
  }
  try {
    for await (const chunk of log) {
      if (socket.readyState !== socket.OPEN) return
      for (let from = 0; from < chunk.length; from += LOOK_AGAIN_BYTES)
        await send(chunk.subarray(from, from + LOOK_AGAIN_BYTES))
    }
    const closed = once(socket, 'close')
    socket.close(1000)
    await closed
  } catch {
    socket.terminate()
  }
}
