import { parentPort, workerData } from 'node:worker_threads'
import type { KubeObject, ObjectKey } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client, LogOptions, WatchOptions } from '../../client/client.ts'
import type { Cluster, ClusterParts } from '../cluster.ts'
import { systemEnvironment } from '../../env/system.ts'
import { trimMemoryWhenIdle } from '../../env/trim-memory.ts'
import { runtimeFactory } from '../runtimes.ts'
import { havePodsNetworks } from '../service-range.ts'
import { carry } from './carried-error.ts'
import type { FromCluster, ThreadData, ToCluster } from './messages.ts'

/**
 * The thread on which an embedded cluster lives, so that a program that blocks its own event loop never makes a node
 * NotReady. It answers what `startClusterThread` asks, until it is told to close.
 */
async function main(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('Assertion: 0 parent ports on the thread of a cluster, expected 1')
  // Nothing is returned: a watch's handler that returns something is waited for.
  const say = (message: FromCluster): void => void port.postMessage(message)
  const { options } = workerData as ThreadData
  const early = beginEarly(options)
  // Its helper is on its way then.
  await early.runtimeFor?.catch(() => {})
  const { createCluster } = await import('../cluster.ts')
  const cluster = await createCluster(options, early)
  const stops = new Map<number, () => void>()
  port.on('message', (asked: ToCluster) => {
    if (asked.do === 'close') return void close(cluster, say).finally(() => port.close())
    answer(cluster, asked, say, stops).catch((error: unknown) => {
      if ('id' in asked) say({ is: 'failure', id: asked.id, error: carry(error) })
    })
  })
  say({ is: 'started' })
  trimMemoryWhenIdle(systemEnvironment().timers)
  cluster.ready.then(
    () => say({ is: 'ready' }),
    (error: unknown) => say({ is: 'unready', error: carry(error) }),
  )
}

/**
 * The helper that starts processes takes as long to come up as all the code of a cluster takes to be read here: both at once. Of
 * a cluster whose pods have a directory of this life alone, as those of programs have.
 */
function beginEarly({
  runtime = 'process',
  nodes = 1,
  apiOnly = false,
  ...options
}: ThreadData['options']): ClusterParts {
  const { podDirectory, dataDirectory } = options
  if (runtime !== 'process' || nodes === 0 || apiOnly || podDirectory === undefined || dataDirectory !== undefined)
    return {}
  const podNetwork = havePodsNetworks({ runtime, ...options }) ? options.podNetwork : 'loopback'
  const where = { env: systemEnvironment(), runtime, hostAddress: '127.0.0.1' } as const
  const runtimeFor = runtimeFactory({ ...where, ...(podNetwork !== undefined && { podNetwork }) }, podDirectory)
  return { runtimeFor }
}

async function close(cluster: Cluster, say: (message: FromCluster) => void): Promise<void> {
  await cluster.close()
  say({ is: 'closed' })
}

type Asked = Exclude<ToCluster, { do: 'close' }>
type Say = (message: FromCluster) => void

async function answer(cluster: Cluster, asked: Asked, say: Say, stops: Map<number, () => void>): Promise<void> {
  const { id } = asked
  if (asked.do === 'stop') return stops.get(id)?.()
  if (asked.do === 'watch') return follow(cluster.client, id, asked.args, say, stops)
  if (asked.do === 'logs') return await pour(cluster.client, id, asked.args, say, stops)
  if (asked.do === 'listen') return say({ is: 'answer', id, value: await cluster.listen(asked.at) })
  const aborter = new AbortController()
  stops.set(id, () => aborter.abort())
  const verb = cluster.client[asked.verb] as (...args: unknown[]) => Promise<unknown>
  try {
    // The last argument of each of these verbs is its options.
    const args = [...asked.args]
    args.push({ ...(args.pop() as object | undefined), signal: aborter.signal })
    say({ is: 'answer', id, value: await verb(...args) })
  } finally {
    stops.delete(id)
  }
}

function follow(client: Client, id: number, args: readonly unknown[], say: Say, stops: Map<number, () => void>): void {
  const [type, options] = args as [ResourceType, WatchOptions]
  const watch = client.watch<KubeObject>(type, options, {
    events: (events) => say({ is: 'events', id, events }),
    closed: (error) => {
      stops.delete(id)
      say({ is: 'end', id, ...(error !== undefined && { error: carry(error) }) })
    },
  })
  stops.set(id, () => {
    stops.delete(id)
    watch.close()
  })
}

async function pour(client: Client, id: number, args: readonly unknown[], say: Say, stops: Map<number, () => void>) {
  const [key, options] = args as [ObjectKey, LogOptions | undefined]
  const aborter = new AbortController()
  stops.set(id, () => aborter.abort())
  try {
    const chunks = client.logs(key, { ...options, signal: aborter.signal })
    for await (const bytes of chunks) say({ is: 'chunk', id, bytes })
    say({ is: 'end', id })
  } catch (error) {
    if (!aborter.signal.aborted) say({ is: 'end', id, error: carry(error) })
  } finally {
    stops.delete(id)
  }
}

await main()
