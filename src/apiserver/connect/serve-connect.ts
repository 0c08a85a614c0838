import { apiError } from '../../api/meta/status.ts'
import { outcomeOf, SUCCESS } from '../../streams/remote-command/command.ts'
import type { CommandStreams } from '../../streams/remote-command/command.ts'
import { serveCommand, UpgradeError } from '../../streams/remote-command/serve-command.ts'
import { servePortForward } from '../../streams/port-forward/serve-port-forward.ts'
import { requestedUpgrade } from '../../streams/upgrade.ts'
import type { Timers } from '../../env/clock.ts'
import { sendText } from '../http/answer.ts'
import type { Exchange } from '../http/exchange.ts'
import { flag } from '../http/query-options.ts'
import type { ObjectTarget } from '../verbs/request.ts'
import type { Verbs } from '../verbs/verbs.ts'

/** What requests that become connections need of the server. */
export interface ConnectServer {
  readonly verbs: Verbs
  readonly timers: Timers
}

/** Serves exec, attach and port-forward: authorizes, finds pod and node, then makes streams of the connection. */
export async function serveConnect(
  server: ConnectServer,
  exchange: Exchange,
  target: ObjectTarget & { readonly subresource: string },
): Promise<void> {
  const { context, query, request, upgrade } = exchange
  const verb = exchange.method === 'POST' ? 'create' : 'get'
  const container = query?.get('container') ?? ''
  const { streams, address } = await server.verbs.connect(context, target, verb, container, optionsOf(exchange, target))
  if (upgrade === undefined || requestedUpgrade(request) === undefined)
    throw apiError('BadRequest', 'Upgrade request required')
  try {
    if (target.subresource === 'portforward') {
      const dial = await streams.portForward(address)
      const ports = (query?.getAll('ports') ?? []).flatMap((each) => each.split(',')).map(Number)
      return await servePortForward(upgrade, ports, dial)
    }
    const wanted = commandStreams(exchange)
    const command = query?.getAll('command') ?? []
    const isExec = target.subresource === 'exec'
    const start = isExec ? await streams.exec(address, { ...wanted, command }) : await streams.attach(address, wanted)
    const outcome = isExec ? (exitCode: number) => outcomeOf(command, exitCode) : () => SUCCESS
    await serveCommand(upgrade, { timers: server.timers, wanted, start, outcomeOf: outcome })
  } catch (error) {
    if (!(error instanceof UpgradeError)) throw error
    await sendText(exchange, error.status, error.message)
  }
}

/** As in Kubernetes' options of such a connection: what is false or empty is left out. */
function optionsOf(exchange: Exchange, { subresource }: { readonly subresource: string }): object {
  const { query } = exchange
  if (subresource === 'portforward') {
    const ports = (query?.getAll('ports') ?? []).flatMap((each) => each.split(',')).map(Number)
    return ports.length === 0 ? {} : { ports }
  }
  const streams = Object.entries(commandStreams(exchange)).filter(([, isOn]) => isOn)
  const command = subresource === 'exec' ? { command: query?.getAll('command') ?? [] } : {}
  return { ...Object.fromEntries(streams), ...command }
}

function commandStreams({ query }: Exchange): CommandStreams {
  const [stdin, stdout, stderr, tty] = ['stdin', 'stdout', 'stderr', 'tty'].map((name) => flag(query, name))
  return { stdin: stdin === true, stdout: stdout === true, stderr: stderr === true, tty: tty === true }
}
