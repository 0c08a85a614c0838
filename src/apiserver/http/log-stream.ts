import { once } from 'node:events'
import { baseHeaders } from './answer.ts'
import type { Exchange } from './exchange.ts'

/** Sends a log as its bytes arrive, no faster than the client takes them. */
export async function streamLog(exchange: Exchange, log: AsyncIterable<Uint8Array>): Promise<void> {
  const { response } = exchange
  response.writeHead(200, baseHeaders(exchange, 'text/plain'))
  response.flushHeaders()
  try {
    for await (const chunk of log) {
      if (response.destroyed) return
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    response.end()
  } catch {
    response.destroy()
  }
}
