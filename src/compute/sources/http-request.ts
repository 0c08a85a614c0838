import type { IncomingHttpHeaders, IncomingMessage, request as httpRequest } from 'node:http'
import { sleep } from '../../env/clock.ts'
import { systemEnvironment } from '../../env/system.ts'

export interface BytesRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface BytesResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
}

/** An answer that is not a success. */
export class HttpError extends Error {
  readonly status: number
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(status: number, message: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** A server that gives no sign of life for so long is given up. */
const IDLE_MS = 60_000
const TRIES = 5
/** The pause before the first further try; it doubles twice over with each. What the server asks for is kept to, up to a bound. */
const PAUSE_MS = 50
const MOST_PAUSE_MS = 30_000

const { timers, random } = systemEnvironment()

/** One request with its whole answer. Failures of the way and of the server (5xx, 429) are tried again after a pause, a few times. */
export async function requestBytes(url: string, options: BytesRequest = {}): Promise<BytesResponse> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await once(url, options)
      if (response.status < 300) return response
      throw new HttpError(response.status, describe(url, response), retryAfterMs(response.headers))
    } catch (error) {
      const mayPass = !(error instanceof HttpError) || error.status >= 500 || error.status === 429
      if (!mayPass || tries === TRIES) throw error
      const asked = error instanceof HttpError ? error.retryAfterMs : undefined
      await sleep(timers, asked ?? PAUSE_MS * 4 ** (tries - 1) * (0.5 + random.next()))
    }
  }
}

function retryAfterMs(headers: IncomingHttpHeaders): number | undefined {
  const seconds = Number(headers['retry-after'] ?? NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, MOST_PAUSE_MS) : undefined
}

function once(url: string, { method = 'GET', headers = {}, body }: BytesRequest): Promise<BytesResponse> {
  return new Promise((resolve, reject) => {
    const send = requesterOf(url)
    const length = body === undefined ? {} : { 'content-length': String(body.byteLength) }
    const sent = send(url, { method, headers: { ...headers, ...length } }, (response) => {
      collect(response).then(resolve, reject)
    })
    sent.setTimeout(IDLE_MS, () => sent.destroy(new Error(`no answer for ${IDLE_MS / 1000} s`)))
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Taken when first needed, and never imported: see docs/decisions/light-start.md. */
function requesterOf(url: string): typeof httpRequest {
  return process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http').request
}

async function collect(response: IncomingMessage): Promise<BytesResponse> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }
}

function describe(url: string, { status, bytes }: BytesResponse): string {
  const code = /<Code>([^<]*)<\/Code>/.exec(bytes.toString('latin1', 0, 2048))?.[1]
  return `${withoutQuery(url)} answers ${status}${code === undefined ? '' : ` (${code})`}`
}

/** What follows the question mark may be a signature: it is nobody's business. */
export function withoutQuery(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
