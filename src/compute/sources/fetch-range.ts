import { fault } from '../dataset/fault.ts'
import type { TextRange } from '../dataset/text-range.ts'
import { HttpError, requestBytes } from './http-request.ts'

/** The bytes of a range that lies behind an address. A source that changed since it was looked at is refused. */
export async function fetchRange({ url, path, from, to, identity }: TextRange): Promise<Buffer> {
  if (to === from) return Buffer.alloc(0)
  try {
    const headers = { range: `bytes=${from}-${to - 1}`, ...(identity === '' ? {} : { 'if-match': identity }) }
    const { status, bytes } = await requestBytes(url!, { headers })
    const own = status === 200 ? bytes.subarray(from, to) : bytes
    if (own.byteLength !== to - from) throw changed(path)
    return own
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    if (error.status === 412) throw changed(path)
    throw fault('SHOAL_UNREADABLE', `Cannot read "${path}": ${error.message}`, { path, status: error.status })
  }
}

function changed(path: string): Error {
  const message = `Cannot read "${path}": it changed while it was read, expected what it was at submission`
  return fault('SHOAL_FILE_CHANGED', message, { path }, 'Run again when it is complete')
}
