import { once } from 'node:events'
import { connect } from 'node:tls'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { openConnection } from '../../src/client/http/connection.ts'
import { readAll } from '../../src/client/http/response.ts'

/** A Status, or what else a server answered. */
export interface RawAnswer {
  readonly code: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** Sends one request as it is given, with headers of any kind, and reads the answer. */
export async function ask(
  endpoint: Endpoint,
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const connection = openConnection({ ...endpoint, headers }, 'abuse')
  try {
    const contentType = headers['content-type'] ?? 'application/json'
    const response = await connection.send({ method, path, ...(body !== undefined && { body, contentType }) })
    const text = (await readAll(response)).toString()
    return { code: response.statusCode ?? 0, headers: response.headers, text }
  } finally {
    connection.close()
  }
}

/** A connection on which bytes are written as they are, for what no client would send. */
export interface RawConnection extends AsyncDisposable {
  write(text: string | Uint8Array): void
  /** All that has come when the server ends the connection. */
  readonly all: Promise<string>
  /** Resolves when what has come matches. */
  until(pattern: RegExp): Promise<string>
}

export async function openRaw(endpoint: Endpoint): Promise<RawConnection> {
  const { port } = new URL(endpoint.server)
  const { certificateAuthority: ca, clientCertificate: cert, clientKey: key } = endpoint
  const socket = connect({ host: '127.0.0.1', port: Number(port), ca, cert, key, servername: 'localhost' })
  await once(socket, 'secureConnect')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    write: (bytes) => void socket.write(bytes),
    all: closed.then(() => text),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => void (pattern.test(text) && resolve(text))
        socket.on('data', look)
        void closed.then(() => reject(new Error(`the connection ended after ${text}`)))
        look()
      }),
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await closed
    },
  }
}
