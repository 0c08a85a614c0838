import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { WebhookClientConfig } from '../../api/generated/admissionregistration-v1.ts'
import type { Environment } from '../../env/environment.ts'
import type { Snapshot } from '../../store/store.ts'
import { serviceAddress } from './service-address.ts'

/** Whom to call, and for how long at most. */
export interface WebhookCall {
  readonly clientConfig: WebhookClientConfig
  readonly timeoutMs: number
  /** Where the Service and its EndpointSlices are found. */
  readonly head: Snapshot
  readonly environment: Environment
}

/** The most that is read of an answer. */
const MAX_ANSWER = 3 * 1024 * 1024

/** Where a call goes: the address that is dialled, and the name that the certificate must have. */
interface Destination {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly name: string
}

/**
 * Posts a review and answers what comes back, parsed. Rejects with an Error in the words of Kubernetes' client where nobody
 * answers in time, or answers anything but a 200 with JSON.
 */
export async function callWebhook(call: WebhookCall, review: object): Promise<unknown> {
  const { caBundle = '' } = call.clientConfig
  if (caBundle !== '' && !/-----BEGIN CERTIFICATE-----/.test(Buffer.from(caBundle, 'base64').toString())) {
    throw new Error('could not get REST client: unable to load root certificates: unable to parse bytes as PEM block')
  }
  const to = destinationOf(call)
  const shown = new URL(to.url)
  shown.searchParams.set('timeout', `${call.timeoutMs / 1000}s`)
  const fail = (why: string) => new Error(`failed to call webhook: Post "${shown.href}": ${why}`)
  const deadline = new AbortController()
  const timer = call.environment.timers.after(call.timeoutMs, () => deadline.abort(), { background: true })
  try {
    const { code, text } = await post(call, to, shown, JSON.stringify(review), deadline.signal)
    if (code !== 200) throw new Error(`failed to call webhook: ${answerText(code, text)}`)
    return parse(text)
  } catch (error) {
    if (deadline.signal.aborted) throw fail('context deadline exceeded')
    if (error instanceof Error && error.message.startsWith('failed to call webhook')) throw error
    throw fail(networkText(error))
  } finally {
    timer.cancel()
  }
}

function destinationOf({ clientConfig, head, timeoutMs }: WebhookCall): Destination {
  const { url, service } = clientConfig
  if (service === undefined) {
    const target = new URL(url ?? '')
    return { url: target, host: target.hostname, port: Number(target.port || '443'), name: target.hostname }
  }
  const { namespace, name, port = 443, path = '/' } = service
  const timeout = `${timeoutMs / 1000}s`
  const host = `${name}.${namespace}.svc`
  const target = new URL(`https://${host}:${port}${path.startsWith('/') ? path : `/${path}`}`)
  const address = serviceAddress(head, namespace, name, port)
  if (typeof address === 'string')
    throw new Error(`failed to call webhook: Post "https://${host}:${port}${path}?timeout=${timeout}": ${address}`)
  return { url: target, host: address.host, port: address.port, name: host }
}

interface Reply {
  readonly code: number
  readonly text: string
}

async function post(
  { clientConfig, environment }: WebhookCall,
  to: Destination,
  url: URL,
  body: string,
  signal: AbortSignal,
): Promise<Reply> {
  const { request } = await import('node:https')
  const { caBundle } = clientConfig
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: to.host.replace(/^\[(.*)\]$/, '$1'),
        port: to.port,
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        ...(isIP(to.name) === 0 && { servername: to.name }),
        headers: {
          host: url.host,
          'content-type': 'application/json',
          accept: 'application/json, */*',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'kube-apiserver-admission',
        },
        ...(caBundle !== undefined && caBundle !== '' && { ca: Buffer.from(caBundle, 'base64') }),
        signal,
      },
      (answer) => {
        read(answer).then(resolve, reject)
      },
    )
    outgoing.on('error', (error) => {
      environment.log.debug('A webhook could not be called', { url: url.href, error })
      reject(error)
    })
    outgoing.end(body)
  })
}

async function read(answer: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_ANSWER) throw new Error('failed to call webhook: the answer is too large')
    chunks.push(chunk)
  }
  return { code: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
}

/** What is no JSON is read as a scalar of YAML, which has no kind. */
function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    throw unreadable(Array.isArray(value) ? 'array' : typeof value)
  } catch (error) {
    if (error instanceof SyntaxError) throw unreadable('string')
    throw error
  }
}

function unreadable(what: string): Error {
  const into = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`
  const why = `json: cannot unmarshal ${what === 'boolean' ? 'bool' : what} into Go value of type ${into}`
  return new Error(`failed to call webhook: couldn't get version/kind; json parse error: ${why}`)
}

/** Kubernetes' client's words for answers that do not say more themselves. */
const ANSWERS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}

function answerText(code: number, text: string): string {
  const known = ANSWERS[code]
  if (known !== undefined) return known
  if (code >= 500)
    return `an error on the server (${JSON.stringify(text.trim())}) has prevented the request from succeeding`
  return `the server responded with the status code ${code} but did not return more information`
}

function networkText(error: unknown): string {
  const { code, address, port, message } = error as Error & { code?: string; address?: string; port?: number }
  if (code === 'ECONNREFUSED') return `dial tcp ${address ?? ''}:${port ?? ''}: connect: connection refused`
  if (code === 'ECONNRESET') return 'EOF'
  if (code === 'ENOTFOUND') return `dial tcp: lookup failed: no such host`
  if (code?.includes('CERT') || code?.includes('SELF_SIGNED') || code?.includes('UNABLE_TO')) {
    return `tls: failed to verify certificate: x509: certificate signed by unknown authority`
  }
  return message
}
