import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Container, Probe } from '../../api/generated/core-v1.ts'
import { sleep } from '../../env/clock.ts'
import type { NodeContext } from '../node-context.ts'
import type { ProbeOutcome } from './probe-count.ts'

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
  const { answer } = context.runtime
  if (answer !== undefined) return answer(target.containerId) ? { ok: true } : { ok: false, output: 'simulated' }
  if (probe.exec !== undefined) return await execute(context, target, probe.exec.command ?? [], signal)
  const { httpGet, grpc } = probe
  const port = portOf(target, probe)
  const dial = async () => {
    const socket = await dialProbe(context, target, probe, port)
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
    return socket
  }
  if (httpGet !== undefined) {
    const { getProbe } = await import('./http-probe.ts')
    return await getProbe(httpGet, { host: httpGet.host || target.ip, port }, dial)
  }
  const socket = await dial()
  if (grpc !== undefined) {
    const { grpcProbe } = await import('./grpc-probe.ts')
    return await grpcProbe(grpc.service ?? '', socket)
  }
  socket.destroy()
  return { ok: true }
}

/** The pod's port, or that of another host where the probe names one. */
function dialProbe(
  { runtime }: NodeContext,
  { sandboxId, ip }: ProbeTarget,
  { httpGet, tcpSocket }: Probe,
  port: number,
): Promise<Duplex> {
  const host = httpGet?.host || tcpSocket?.host || ip
  if (host === ip) return runtime.dial(sandboxId, port)
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    socket.once('error', reject).once('connect', () => resolve(socket))
  })
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

/** A port by its number, or by its name in the container's spec. */
function portOf({ container }: ProbeTarget, { httpGet, tcpSocket, grpc }: Probe): number {
  const port = httpGet?.port ?? tcpSocket?.port ?? grpc?.port ?? 0
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  if (named === undefined) throw new Error(`couldn't find port: ${port}`)
  return named
}

function lateWords(target: ProbeTarget, probe: Probe): string {
  if (probe.exec !== undefined) {
    return `command timed out: ${JSON.stringify((probe.exec.command ?? []).join(' '))} timed out after ${probe.timeoutSeconds ?? 1}s`
  }
  if (probe.grpc !== undefined) return `timeout: health rpc did not complete within ${probe.timeoutSeconds ?? 1}s`
  if (probe.httpGet === undefined) return `dial tcp ${target.ip}:${portOf(target, probe)}: i/o timeout`
  return `Get "${urlOf(target, probe)}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`
}

/** A failure in the words of the kubelet, which are Go's. */
function failure(target: ProbeTarget, probe: Probe, error: unknown): ProbeOutcome {
  const { code, message } = error as { code?: string; message?: string }
  const why = code === 'ECONNREFUSED' ? 'connect: connection refused' : (message ?? String(error))
  // What could not be asked at all says nothing of the container.
  if (probe.exec !== undefined || code === undefined) return { ok: undefined, output: why }
  if (probe.grpc !== undefined) return { ok: false, output: grpcWords(target, probe) }
  const dialled = `dial tcp ${target.ip}:${portOf(target, probe)}: ${why}`
  return { ok: false, output: probe.httpGet === undefined ? dialled : `Get "${urlOf(target, probe)}": ${dialled}` }
}

function urlOf(target: ProbeTarget, probe: Probe): string {
  const { scheme = 'HTTP', host, path = '/' } = probe.httpGet ?? { port: 0 }
  return `${scheme.toLowerCase()}://${host || target.ip}:${portOf(target, probe)}${path}`
}

/** A connection that is refused is tried again by the kubelet until the time is over. */
function grpcWords(target: ProbeTarget, probe: Probe): string {
  const address = `${target.ip}:${portOf(target, probe)}`
  return `timeout: failed to connect service "${address}" within ${probe.timeoutSeconds ?? 1}s: context deadline exceeded`
}
