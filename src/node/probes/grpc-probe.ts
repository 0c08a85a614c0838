import type { ClientHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ProbeOutcome } from './probe-count.ts'

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const SERVING = 1
const UNIMPLEMENTED = '12'

/**
 * Asks `grpc.health.v1.Health` over a connection that stands already, in the kubelet's words where it fails. One unary call of
 * HTTP/2 with a message of one field: a client library would dial by itself, which reaches no pod behind another network.
 */
export async function grpcProbe(service: string, socket: Duplex): Promise<ProbeOutcome> {
  const http2 = await import('node:http2')
  const session = http2.connect('http://localhost', { createConnection: () => socket })
  try {
    return await check(session, service)
  } finally {
    session.destroy()
  }
}

async function check(session: ClientHttp2Session, service: string): Promise<ProbeOutcome> {
  const failed = new Promise<never>((_, reject) => session.once('error', reject))
  const call = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    'user-agent': 'kube-probe/1.34',
    te: 'trailers',
  })
  let status: string | undefined
  let words = ''
  const hear = (headers: Readonly<Record<string, unknown>>) => {
    status = (headers['grpc-status'] as string | undefined) ?? status
    words = decodeURIComponent(String(headers['grpc-message'] ?? words))
  }
  call.on('response', hear).on('trailers', hear)
  call.end(frame(requestBytes(service)))
  const bytes = await Promise.race([buffer(call), failed])
  if (status === UNIMPLEMENTED) {
    const why = `rpc error: code = Unimplemented desc = ${words}`
    return {
      ok: false,
      output: `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${why}`,
    }
  }
  if (status !== '0')
    return {
      ok: false,
      output: `error: health rpc probe failed: rpc error: code = ${status ?? 'Unavailable'} desc = ${words}`,
    }
  const health = healthOf(bytes)
  if (health === SERVING) return { ok: true }
  return { ok: false, output: `service unhealthy (responded with "${STATUSES[health] ?? health}")` }
}

/** HealthCheckRequest: a string in field 1. */
function requestBytes(service: string): Buffer {
  const text = Buffer.from(service)
  return text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a, text.length]), text])
}

/** gRPC puts a byte (not compressed) and four of length before a message. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** HealthCheckResponse: an enumeration in field 1, whose zero is not sent. */
function healthOf(bytes: Buffer): number {
  return bytes[5] === 0x08 ? (bytes[6] ?? 0) : 0
}
