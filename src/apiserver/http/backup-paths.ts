import { apiError } from '../../api/meta/status.ts'
import { StoreError } from '../../store/store.ts'
import type { Backups } from '../backup/backups.ts'
import { baseHeaders, sendJson, sendText } from './answer.ts'
import { drained } from './drained.ts'
import type { Exchange } from './exchange.ts'

/** `GET /shoal/backup` and `POST /shoal/restore`, for whoever may do so by a rule on nonResourceURLs: administrators. */
export async function serveBackups(backups: Backups, exchange: Exchange): Promise<void> {
  const { method, path } = exchange
  if (path === '/shoal/backup' && method === 'GET') return sendBackup(backups, exchange)
  if (path === '/shoal/restore' && method === 'POST') return takeBackup(backups, exchange)
  return sendText(exchange, path === '/shoal/backup' || path === '/shoal/restore' ? 405 : 404, 'not found\n')
}

/** A piece at a time, as fast as the client takes it. */
async function sendBackup(backups: Backups, exchange: Exchange): Promise<void> {
  const { response } = exchange
  response.writeHead(200, baseHeaders(exchange, 'application/x-ndjson'))
  for (const chunk of backups.save()) {
    if (response.destroyed) return
    if (!response.write(chunk)) await drained(response)
  }
  response.end()
}

async function takeBackup(backups: Backups, exchange: Exchange): Promise<void> {
  try {
    return await sendJson(exchange, 200, await backups.restore(exchange.request))
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged') throw apiError('BadRequest', error.message)
    throw error
  }
}
