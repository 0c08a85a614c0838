import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { ApiError } from '../../api/meta/status.ts'
import { logOptions } from '../../apiserver/http/query-options.ts'
import type { Timers } from '../../env/clock.ts'
import type { CommandStreams } from '../../streams/remote-command/command.ts'
import { outcomeOf, SUCCESS } from '../../streams/remote-command/command.ts'
import { serveCommand, UpgradeError } from '../../streams/remote-command/serve-command.ts'
import { servePortForward } from '../../streams/port-forward/serve-port-forward.ts'
import { requestedUpgrade } from '../../streams/upgrade.ts'
import type { Upgrade } from '../../streams/upgrade.ts'
import type { NodeAgent } from '../node-agent.ts'
import { sendStream, sendText } from './answer.ts'
import type { NodeRequest } from './node-path.ts'

/** A request for a pod's streams, and where its answer goes. */
export interface StreamExchange {
  readonly agent: NodeAgent
  readonly timers: Timers
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  readonly upgrade?: Upgrade
}

type Asked<W extends NodeRequest['what']> = Extract<NodeRequest, { readonly what: W }>

/** A container's log. What cannot be read is told in plain text, as the kubelet does: the API server makes a Status of it. */
export async function serveLogs(exchange: StreamExchange, asked: Asked<'logs'>): Promise<void> {
  const { agent, query, response } = exchange
  const { namespace, pod, container } = asked
  const known = agent.pods().findLast(({ metadata }) => metadata.namespace === namespace && metadata.name === pod)
  if (known === undefined) return sendText(response, 404, `pod "${pod}" does not exist\n`)
  const { containers = [], initContainers = [], ephemeralContainers = [] } = known.spec ?? {}
  const names = [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name)
  if (!names.includes(container)) return sendText(response, 404, `container "${container}" not found in pod "${pod}"\n`)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const options = { ...logOptions(query), signal: gone.signal }
    await sendStream(response, await agent.logs({ namespace, name: pod, uid: '' }, container, options))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    sendText(response, error.code, error.message)
  }
}

/** Exec and attach over SPDY or WebSocket. */
export async function serveCommands(exchange: StreamExchange, asked: Asked<'exec' | 'attach' | 'run'>): Promise<void> {
  const { agent, query, timers } = exchange
  const upgrade = upgradeOf(exchange)
  const { namespace, pod: name, uid, container, what } = asked
  const pod = { namespace, name, uid }
  const wanted = commandStreams(query)
  const command = query.getAll('command')
  const start =
    what === 'exec'
      ? await agent.exec(pod, container, { ...wanted, command })
      : await agent.attach(pod, container, wanted)
  const outcome = what === 'exec' ? (exitCode: number) => outcomeOf(command, exitCode) : () => SUCCESS
  await serveCommand(upgrade, { timers, wanted, start, outcomeOf: outcome })
}

export async function serveForward(exchange: StreamExchange, asked: Asked<'portForward'>): Promise<void> {
  const { agent, query } = exchange
  const upgrade = upgradeOf(exchange)
  const { namespace, pod, uid } = asked
  const dial = await agent.portForward({ namespace, name: pod, uid })
  const ports = query
    .getAll('port')
    .flatMap((each) => each.split(','))
    .map(Number)
  await servePortForward(upgrade, ports, dial)
}

/** A command run to its end, its output as the answer. */
export async function serveRun({ agent, query, response }: StreamExchange, asked: Asked<'exec' | 'attach' | 'run'>) {
  const { namespace, pod: name, uid, container } = asked
  const command = (query.get('cmd') ?? '').split(' ').filter((word) => word !== '')
  const streams = { stdin: false, stdout: true, stderr: true, tty: false }
  const start = await agent.exec({ namespace, name, uid }, container, { ...streams, command })
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const session = await start(gone.signal)
  const outputs = [session.stdout, session.stderr].flatMap((each) => (each === undefined ? [] : [buffer(each)]))
  const [exitCode, ...written] = await Promise.all([session.exitCode, ...outputs])
  const text = Buffer.concat(written).toString()
  const failure = `error executing command [${command.join(' ')}], exit code ${exitCode}`
  if (exitCode === 0) return sendText(response, 200, text)
  return sendText(response, 500, `${text}command terminated with non-zero exit code: ${failure}`)
}

function upgradeOf({ request, upgrade }: StreamExchange): Upgrade {
  if (upgrade !== undefined && requestedUpgrade(request) !== undefined) return upgrade
  throw new UpgradeError(400, 'Upgrade request required')
}

/** A terminal has one output. */
function commandStreams(query: URLSearchParams): CommandStreams {
  const is = (name: string) => ['1', 'true'].includes(query.get(name) ?? '')
  const tty = is('tty')
  return { stdin: is('input'), stdout: is('output'), stderr: is('error') && !tty, tty }
}
