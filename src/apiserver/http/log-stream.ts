import { requestedUpgrade } from '../../streams/upgrade.ts'
import { baseHeaders } from './answer.ts'
import { drained } from './drained.ts'
import type { Exchange } from './exchange.ts'

/** Sends a log as its bytes arrive, no faster than the client takes them. */
export async function streamLog(exchange: Exchange, log: AsyncIterable<Uint8Array>): Promise<void> {
  const { request, response, upgrade } = exchange
  if (upgrade !== undefined && requestedUpgrade(request) === 'websocket') {
    const { sendLogOverSocket } = await import('../connect/log-socket.ts')
    return await sendLogOverSocket(upgrade, log)
  }
  response.writeHead(200, baseHeaders(exchange, 'text/plain'))
  response.flushHeaders()
  try {
    for await (const chunk of log) {
      if (response.destroyed) return
      if (!response.write(chunk)) await drained(response)
    }
    response.end()
  } catch {
    response.destroy()
  }
}
