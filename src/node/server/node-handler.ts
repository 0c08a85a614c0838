import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Environment } from '../../env/environment.ts'
import type { MachineCapacity } from '../../runtime/runtime.ts'
import { UpgradeError } from '../../streams/remote-command/serve-command.ts'
import type { Upgrade } from '../../streams/upgrade.ts'
import type { NodeAgent } from '../node-agent.ts'
import type { NodeAccess } from './access.ts'
import { sendJson, sendText } from './answer.ts'
import { agentMetrics, machineMetrics } from './node-metrics.ts'
import { parseNodePath, subresourcesOf } from './node-path.ts'
import type { NodeRequest, Report } from './node-path.ts'
import { formatMetrics, PROMETHEUS_TEXT } from './prometheus.ts'
import { containerMetrics, resourceMetrics } from './resource-metrics.ts'
import { serveCheckpoint } from './serve-checkpoint.ts'
import { serveCommands, serveForward, serveLogs, serveRun } from './serve-pod-streams.ts'
import { statsSummary } from './stats-summary.ts'

/** What a node's server answers with. */
export interface NodeHandlerOptions {
  readonly env: Environment
  /** Undefined before the agent has started: everything but `/healthz` is then refused with 503. */
  readonly agent: () => NodeAgent | undefined
  /** Absent where whoever connects has been authorized already, as by the API server of the same process. */
  readonly access?: NodeAccess
  /** Where the machine's logs are; default `/var/log`. */
  readonly logDirectory?: string
}

export type NodeHandler = (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) => void

/** Answers what kubelets answer: logs, commands, port-forwards, reports and metrics. */
export function createNodeHandler(options: NodeHandlerOptions): NodeHandler {
  return (request, response, upgrade) => {
    handle(options, request, response, upgrade).catch((error: unknown) => {
      if (error instanceof UpgradeError && !response.headersSent) return sendText(response, error.status, error.message)
      options.env.log.error('a node cannot answer a request', { url: request.url, error })
      if (response.headersSent) response.destroy()
      else sendText(response, 500, `Internal Error: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
}

async function handle(
  { env, agent: agentNow, access, logDirectory }: NodeHandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  upgrade?: Upgrade,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://node')
  const refusal = await access?.refusalOf(request, subresourcesOf(url.pathname))
  if (refusal !== undefined) return sendText(response, refusal.code, refusal.message)
  const asked = parseNodePath(url.pathname)
  if (asked === undefined) return sendText(response, 404, '404 page not found\n')
  if (asked.what === 'healthz') return sendText(response, 200, 'ok')
  const agent = agentNow()
  if (agent === undefined) return sendText(response, 503, 'the node is starting')
  const exchange = {
    agent,
    timers: env.timers,
    request,
    response,
    query: url.searchParams,
    ...(upgrade && { upgrade }),
  }
  if (asked.what === 'nodeLogs') {
    const { serveNodeLogs } = await import('./serve-node-logs.ts')
    return await serveNodeLogs(response, asked.path, logDirectory)
  }
  if (asked.what === 'checkpoint') return serveCheckpoint(exchange, asked)
  if ('container' in asked && asked.what === 'logs') return serveLogs(exchange, asked)
  if (asked.what === 'portForward') return serveForward(exchange, asked)
  if (asked.what === 'run') return serveRun(exchange, asked)
  if (asked.what === 'exec' || asked.what === 'attach') return serveCommands(exchange, asked)
  return report(agent, response, (asked as Extract<NodeRequest, { readonly what: Report }>).what)
}

async function report(agent: NodeAgent, response: ServerResponse, what: Report): Promise<void> {
  switch (what) {
    case 'pods':
    case 'runningpods': {
      const items = agent.pods().filter(({ status }) => what === 'pods' || status?.phase === 'Running')
      return sendJson(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items })
    }
    case 'configz':
      return sendJson(response, {
        kubeletconfig: { kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1' },
      })
    case 'stats/summary':
      return sendJson(response, statsSummary(agent.name, await agent.usage(), await agent.machine()))
    case 'metrics/resource':
      return sendText(response, 200, formatMetrics(resourceMetrics(await agent.usage())), PROMETHEUS_TEXT)
    case 'metrics/cadvisor':
      return sendText(response, 200, await cadvisor(agent), PROMETHEUS_TEXT)
    case 'metrics':
      return sendText(response, 200, formatMetrics(agentMetrics(agent.name, agent.pods())), PROMETHEUS_TEXT)
    case 'healthz':
      return sendText(response, 200, 'ok')
  }
}

async function cadvisor(agent: NodeAgent): Promise<string> {
  const capacity: MachineCapacity = await agent.capacity()
  const images = new Map(
    agent
      .pods()
      .flatMap(({ metadata, status }) =>
        (status?.containerStatuses ?? []).map(({ name, image }) => [`${metadata.uid}/${name}`, image ?? ''] as const),
      ),
  )
  const imageOf = ({ uid }: { readonly uid: string }, container: string) => images.get(`${uid}/${container}`) ?? ''
  return formatMetrics([...machineMetrics(capacity), ...containerMetrics(await agent.usage(), imageOf)])
}
