import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Packet, TCPServer, UDPServer } from 'dns2'
import type { Upstream } from './upstream.ts'
import { answerFor } from './zone.ts'
import type { ZoneRecord, ZoneView } from './zone.ts'

export interface DnsServer {
  /** Of both transports. */
  readonly port: number
  close(): void
}

/** How long answers may be kept, in seconds: as CoreDNS has it for Kubernetes. */
const TTL_SECONDS = 5
/** Tries of finding a port that is free for both transports. */
const MOST_TRIES = 20

const { TYPE, TYPE_NAME, CLASS, RCODE } = Packet

/** Serves the cluster's zone, and what others know of the rest, over UDP and TCP on one port. */
export async function listenDns(
  view: ZoneView,
  upstream: Upstream,
  at: { readonly host: string; readonly port: number },
): Promise<DnsServer> {
  const answer = async (query: Packet, transport: 'udp' | 'tcp'): Promise<Packet | Buffer> => {
    const [question] = query.questions
    if (query.header.qr || question === undefined) return failure(query, RCODE.FORMERR)
    const type = TYPE_NAME[question.type ?? 0] ?? ''
    const own = question.class === CLASS.IN ? answerFor(view, question.name, type) : undefined
    if (own === undefined) return await upstream.ask(query.toBuffer(), transport)
    const response = Packet.createResponseFromRequest(query)
    response.header.aa = 1
    response.header.ra = 1
    response.header.rcode = own.exists ? RCODE.NOERROR : RCODE.NXDOMAIN
    response.answers.push(...own.answers.map(wireRecord))
    response.additionals.push(...own.additional.map(wireRecord))
    if (own.answers.length === 0) response.authorities.push(authority(view.domain))
    else await follow(own.answers, question.type ?? TYPE.A, response, transport)
    return type === 'SRV' ? uncompressed(response) : response
  }
  /** Where a name of the cluster is only another name, whoever asks for addresses wants those of the other. */
  const follow = async (records: readonly ZoneRecord[], type: number, response: Packet, transport: 'udp' | 'tcp') => {
    const [alias] = records
    if (alias?.type !== 'CNAME' || (type !== TYPE.A && type !== TYPE.AAAA)) return
    const asked = new Packet()
    asked.header = new Packet.Header({ id: 1, rd: 1 })
    asked.questions.push(new Packet.Question(alias.domain, type, CLASS.IN))
    const found = await answer(asked, transport).catch(() => undefined)
    if (found === undefined) return
    response.answers.push(...(Buffer.isBuffer(found) ? Packet.parse(found) : found).answers)
  }
  const respond = (transport: 'udp' | 'tcp') => (query: Packet, send: (response: Packet | Buffer) => unknown) => {
    answer(query, transport)
      .catch(() => failure(query, RCODE.SERVFAIL))
      .then(send)
      .catch(() => {})
  }
  return await listenOnBoth(at, respond)
}

/** RFC 2782 has targets written in full, and resolvers refuse others; the library shortens every name unless it may not. */
function uncompressed(response: Packet): Packet {
  const encode: (writer?: unknown) => Buffer = response.toBuffer
  response.toBuffer = () => encode.call(response, Object.assign(new Packet.Writer(), { names: 'in full' }))
  return response
}

type Responder = (query: Packet, send: (response: Packet | Buffer) => unknown) => void

async function listenOnBoth(
  { host, port: wanted }: { readonly host: string; readonly port: number },
  respond: (transport: 'udp' | 'tcp') => Responder,
): Promise<DnsServer> {
  for (let tries = 1; ; tries++) {
    const udp = new UDPServer({ type: 'udp4' })
    udp.on('request', respond('udp'))
    udp.on('requestError', () => {})
    udp.bind(wanted, host)
    await once(udp, 'listening')
    const { port } = udp.address()
    const tcp = new TCPServer()
    tcp.on('request', respond('tcp') as never)
    tcp.on('requestError', () => {})
    tcp.listen(port, host)
    const refused = await once(tcp, 'listening').catch((error: NodeJS.ErrnoException) => error)
    if (!(refused instanceof Error)) {
      udp.on('error', () => {})
      tcp.on('error', () => {})
      return { port: (tcp.address() as AddressInfo).port, close: () => (udp.close(), void tcp.close()) }
    }
    udp.close()
    if (refused.code !== 'EADDRINUSE' || wanted !== 0 || tries === MOST_TRIES) throw refused
  }
}

function failure(query: Packet, rcode: number): Packet {
  return Packet.createErrorResponseFromRequest(query, rcode)
}

function wireRecord(record: ZoneRecord): Packet['answers'][number] {
  const { type, name } = record
  const shared = { name, type: TYPE[type], class: CLASS.IN, ttl: TTL_SECONDS }
  const value = type === 'SRV' ? { ...record, priority: 0 } : record
  return { ...value, ...shared } as Packet['answers'][number]
}

/** Says for how long it may be remembered that something is not there. */
function authority(domain: string): Packet['answers'][number] {
  const times = { serial: 1, refresh: 7200, retry: 1800, expiration: 86_400, minimum: TTL_SECONDS }
  const shared = { name: domain, type: TYPE.SOA, class: CLASS.IN, ttl: TTL_SECONDS }
  return {
    ...shared,
    primary: `ns.dns.${domain}`,
    admin: `hostmaster.${domain}`,
    ...times,
  } as Packet['answers'][number]
}
