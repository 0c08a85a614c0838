import { request as requestTls } from 'node:https'
import type { IncomingMessage, RequestOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { Probe } from '../../api/generated/core-v1.ts'
import type { ProbeOutcome } from './probe-count.ts'

// An import of `node:http`, which `node:https` does without, would load Node's `fetch` too: 9 MB and 15 ms.
const plain = () => process.getBuiltinModule('node:http').request

type HttpGet = NonNullable<Probe['httpGet']>

/** Redirections within the same host are followed so often, as Go's client does. */
const MAX_REDIRECTIONS = 10

/** Asks over HTTP, on connections that `dial` makes to the probe's port; an answer from 200 to 399 is good. */
export async function getProbe(
  { path = '/', httpHeaders = [], scheme }: HttpGet,
  { host, port }: { readonly host: string; readonly port: number },
  dial: () => Promise<Duplex>,
): Promise<ProbeOutcome> {
  const given = httpHeaders.map(({ name, value }) => [name, value] as const)
  const headers = { 'User-Agent': 'kube-probe/1.34', Accept: '*/*', Connection: 'close', ...Object.fromEntries(given) }
  const isSecure = scheme === 'HTTPS'
  const base = `${isSecure ? 'https' : 'http'}://${host}:${port}`
  let at = path
  for (let redirections = 0; ; redirections++) {
    const response = await get(isSecure, { host, port, path: at, headers }, await dial())
    const { statusCode: status = 0 } = response
    const next = localTarget(base, at, response)
    if (next !== undefined && redirections < MAX_REDIRECTIONS) at = next
    else if (status >= 200 && status < 400) return { ok: true }
    else return { ok: false, output: `HTTP probe failed with statuscode: ${status}` }
  }
}

function get(isSecure: boolean, options: RequestOptions, socket: Duplex): Promise<IncomingMessage> {
  // Kubernetes does not check the certificate that a probe is shown.
  const createConnection = () => (isSecure ? connect({ socket, rejectUnauthorized: false }) : socket)
  const send = isSecure ? requestTls : plain()
  return new Promise((resolve, reject) => {
    const asked = send({ ...options, createConnection }, (response) => {
      response.resume()
      resolve(response)
    })
    asked.once('error', reject).end()
  })
}

/** Where a redirection leads, if it stays on the host; elsewhere Kubernetes does not follow, and is content. */
function localTarget(base: string, from: string, { statusCode = 0, headers }: IncomingMessage): string | undefined {
  if (statusCode < 301 || statusCode > 308 || headers.location === undefined) return undefined
  const url = URL.parse(headers.location, base + from)
  return url?.hostname === new URL(base).hostname ? url.pathname + url.search : undefined
}
