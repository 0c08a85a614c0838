import { noteAnswer } from '../audit/audit-notes.ts'
import type { Accepted } from './accept.ts'
import { baseHeaders, endWhenStuck, sendEncoded, SLOW_ANSWER_BYTES, wantsCompression } from './answer.ts'
import { drained } from './drained.ts'
import type { Exchange } from './exchange.ts'
import type { EncodedList } from './list-encoding.ts'

/**
 * Sends a list. A big one goes out piece by piece, as the client takes it: the client reads its beginning while its end is
 * still being put together, others are served meanwhile, and it never lies in memory as a whole.
 */
export async function sendEncodedList(exchange: Exchange, list: EncodedList, accepted: Accepted): Promise<void> {
  const { request, response } = exchange
  const encodings = request.headers['accept-encoding'] as string | undefined
  const isWhole =
    list.size <= SLOW_ANSWER_BYTES ||
    accepted.encoding !== 'json' ||
    wantsCompression(encodings, request.socket.remoteAddress ?? '', list.size)
  if (isWhole) return await sendEncoded(exchange, 200, Buffer.concat([...list.pieces()]), accepted)
  noteAnswer(exchange.notes, () =>
    Buffer.concat([...list.pieces()])
      .toString()
      .trimEnd(),
  )
  endWhenStuck(response)
  response.writeHead(200, { ...baseHeaders(exchange, 'application/json'), 'Content-Length': list.size })
  for (const piece of list.pieces()) {
    if (response.destroyed) return
    if (!response.write(piece)) await drained(response)
  }
  response.end()
}
