import { request as requestTls } from 'node:https'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import type { Container, Probe } from '../../api/generated/core-v1.ts'
import { sleep } from '../../env/clock.ts'
import type { NodeContext } from '../node-context.ts'
import type { ProbeOutcome } from './probe-count.ts'

// An import of `node:http`, which `node:https` does without, would load Node's `fetch` too: 9 MB and 15 ms.
const { request } = process.getBuiltinModule('node:http')

/** The container that is asked. */
export interface ProbeTarget {
  readonly container: Container
  readonly containerId: string
  readonly sandboxId: string
  /** The pod's address, as messages name it. */
  readonly ip: string
}

/** What the kubelet keeps of a probe's output. */
const OUTPUT_CHARACTERS = 10 * 1024

/** Asks the container once, as its probe says; what takes longer than `timeoutSeconds` has failed. */
export async function runProbe(context: NodeContext, target: ProbeTarget, probe: Probe): Promise<ProbeOutcome> {
  const aborter = new AbortController()
  const late = sleep(context.env.timers, (probe.timeoutSeconds ?? 1) * 1000, aborter.signal).then(
    () => ({ ok: false, output: lateWords(target, probe) }) as const,
    () => ({ ok: false, output: '' }) as const,
  )
  const asked = askContainer(context, target, probe, aborter.signal).catch((error: unknown) =>
    failure(target, probe, error),
  )
  try {
    return await Promise.race([asked, late])
  } finally {
    aborter.abort()
  }
}

/** Asks once, without a bound in time; rejects where the container cannot be asked at all. */
export async function askContainer(
  context: NodeContext,
  target: ProbeTarget,
  probe: Probe,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  if (probe.exec !== undefined) return await execute(context, target, probe.exec.command ?? [], signal)
  const socket = await context.runtime.dial(target.sandboxId, portOf(target, probe))
  signal.addEventListener('abort', () => socket.destroy(), { once: true })
  if (probe.httpGet !== undefined) return await get(target, probe, probe.httpGet, socket)
  socket.destroy()
  return { ok: true }
}

async function execute(
  { runtime }: NodeContext,
  { containerId }: ProbeTarget,
  command: readonly string[],
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const session = await runtime.exec(containerId, { command, stdin: false, tty: false, signal })
  const [output, errors, exitCode] = await Promise.all([
    text(session.stdout),
    session.stderr === undefined ? '' : text(session.stderr),
    session.exitCode,
  ])
  return exitCode === 0 ? { ok: true } : { ok: false, output: `${output}${errors}`.slice(0, OUTPUT_CHARACTERS) }
}

type HttpGet = NonNullable<Probe['httpGet']>

async function get(
  target: ProbeTarget,
  probe: Probe,
  { path, httpHeaders = [], scheme, host }: HttpGet,
  socket: import('node:stream').Duplex,
): Promise<ProbeOutcome> {
  const given = httpHeaders.map(({ name, value }) => [name, value] as const)
  const headers = { 'User-Agent': 'kube-probe/1.34', Accept: '*/*', Connection: 'close', ...Object.fromEntries(given) }
  const send = scheme === 'HTTPS' ? requestTls : request
  // Kubernetes does not check the certificate that a probe is shown.
  const createConnection = () => (scheme === 'HTTPS' ? connect({ socket, rejectUnauthorized: false }) : socket)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const options = { host: host ?? target.ip, port: portOf(target, probe), path: path ?? '/', headers, createConnection }
  const asked = send(options, (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
  asked.once('error', reject).end()
  const status = await promise
  return status >= 200 && status < 400
    ? { ok: true }
    : { ok: false, output: `HTTP probe failed with statuscode: ${status}` }
}

/** A port by its number, or by its name in the container's spec. */
function portOf({ container }: ProbeTarget, { httpGet, tcpSocket }: Probe): number {
  const port = httpGet?.port ?? tcpSocket?.port ?? 0
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  if (named === undefined) throw new Error(`couldn't find port: ${port}`)
  return named
}

function lateWords(target: ProbeTarget, probe: Probe): string {
  if (probe.exec !== undefined) {
    return `command timed out: ${JSON.stringify((probe.exec.command ?? []).join(' '))} timed out after ${probe.timeoutSeconds ?? 1}s`
  }
  if (probe.httpGet === undefined) return `dial tcp ${target.ip}:${portOf(target, probe)}: i/o timeout`
  return `Get "${urlOf(target, probe)}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`
}

/** A failure in the words of the kubelet, which are Go's. */
function failure(target: ProbeTarget, probe: Probe, error: unknown): ProbeOutcome {
  const { code, message } = error as { code?: string; message?: string }
  const why = code === 'ECONNREFUSED' ? 'connect: connection refused' : (message ?? String(error))
  if (probe.exec !== undefined || code === undefined) return { ok: false, output: why }
  const dialled = `dial tcp ${target.ip}:${portOf(target, probe)}: ${why}`
  return { ok: false, output: probe.httpGet === undefined ? dialled : `Get "${urlOf(target, probe)}": ${dialled}` }
}

function urlOf(target: ProbeTarget, probe: Probe): string {
  const { scheme = 'HTTP', host = target.ip, path = '/' } = probe.httpGet ?? { port: 0 }
  return `${scheme.toLowerCase()}://${host}:${portOf(target, probe)}${path}`
}
