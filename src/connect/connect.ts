import { readFile, rm } from 'node:fs/promises'
import { availableParallelism, homedir, userInfo } from 'node:os'
import { basename, join } from 'node:path'
import type { ClusterOptions } from '../cluster/cluster.ts'
import { namespaces } from '../api/generated/resources.ts'
import { ApiError } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import type { HttpClient } from '../client/http.ts'
import type { Endpoint } from '../client/http/connection.ts'
import { cacheDirectory, runsDirectory } from './cache-directory.ts'
import type { OnComputeEvent } from '../compute/events.ts'
import { logText } from '../compute/trace/log-text.ts'
import type { ClusterReach } from '../compute/pods/coordinate-in-pod.ts'
import type { WorkerOptions } from '../compute/pods/worker-job.ts'
import { createCompute } from '../compute/session.ts'
import type { ComputeOptions } from '../compute/session.ts'
import { markHostValue } from '../compute/ship/host-values.ts'
import { createShipper } from '../compute/ship/ship.ts'
import type { Shoal } from '../compute/shoal.ts'
import type { PodReach } from '../compute/trust/coordinate-securely.ts'
import { ConnectError } from './connect-error.ts'
import { startEmbedded, takePrepared } from './embedded-cluster.ts'
import type { DriverPod } from './driver-pod.ts'
import { makeTemporaryDirectory } from '../runtime/process/leftovers.ts'
import { systemEnvironment } from '../env/system.ts'
import { runSettings } from './run-settings.ts'
import { isThisMachine } from './this-machine.ts'

export interface ConnectOptions {
  /**
   * A context of the kubeconfig. Default: the one that `shoal run --context` names, else the current one of a kubeconfig
   * that was named, else an embedded cluster.
   */
  readonly context?: string
  /** The kubeconfig's path. Default: `$KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeconfig?: string
  /** Default: the context's namespace, else `default`. */
  readonly namespace?: string
  /**
   * Makes the run durable: what it commits is recorded under `$XDG_STATE_HOME/shoal/runs`, and a driver that is started
   * again under the same name, after it was killed or has failed, goes on from there. Letters, digits and dashes.
   */
  readonly name?: string
  /** The image of the pods: any with this major version of Node. Default: the stock image, such as `node:24`. */
  readonly image?: string
  /** How many worker pods, and how large. Default: one pod with a thread for each CPU; on a cluster elsewhere with one. */
  readonly workers?: WorkerOptions
  /** Of the embedded cluster. Default: in memory, one node. */
  readonly cluster?: Omit<ClusterOptions, 'env'>
  /** Hears of what happens. Default: what workers log goes to standard error. */
  readonly onEvent?: OnComputeEvent
}

interface Place {
  readonly client: Client
  readonly namespace: string
  /** Where workers cannot reach this process by a socket of the machine. */
  readonly reach?: ClusterReach | PodReach
  /** For the session's sockets, where there is one already. */
  readonly directory?: string
  /** What a driver in the cluster was given. */
  readonly given?: Partial<ComputeOptions>
  /** Rejects where the cluster cannot do what a session needs of it. */
  readonly usable: Promise<void>
  close(): Promise<void>
}

/**
 * Opens a session on worker pods: of a cluster embedded in this process, on a thread of its own, or of the cluster that a
 * kubeconfig's context names. Rejects with a {@link ConnectError} where there is no such context.
 *
 * @example
 * await using shoal = await connect()
 * const squares = await shoal.map([1, 2, 3], (n) => n * n)
 */
export async function connect(options: ConnectOptions = {}): Promise<Shoal> {
  const settings = { ...runSettings(), ...options }
  const isEmbedded = settings.context === undefined && settings.kubeconfig === undefined
  const place =
    settings.pod !== undefined
      ? await ofPod(settings.pod)
      : isEmbedded
        ? embedded(options.cluster)
        : await ofContext(settings.context, settings)
  const directory = place.directory ?? makeTemporaryDirectory()
  const closeAll = async () => {
    await place.close()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const session = await createCompute({
      client: place.client,
      env: systemEnvironment(),
      namespace: settings.namespace ?? place.namespace,
      ...(settings.name === undefined ? {} : { name: settings.name, stateDirectory: runsDirectory() }),
      reach: place.reach ?? { kind: 'unix', directory },
      image: settings.image ?? `node:${process.versions.node.split('.')[0]}`,
      workers: {
        // How large the nodes of another cluster are is not known.
        threads: place.reach === undefined ? availableParallelism() : 1,
        ...runSettings().workers,
        ...options.workers,
      },
      program: { ...programFacts(), ...settings.program, owner: userName() },
      cacheDirectory: cacheDirectory(),
      onEvent: settings.onEvent ?? tellLogs,
      ...(settings.onTask !== undefined && { onTask: settings.onTask }),
      ...place.given,
      ...(settings.failedDirectory !== undefined && { failedDirectory: settings.failedDirectory }),
    })
    const whole = withPlace(session, closeAll)
    // Whatever waits for workers that can never come is told so at once.
    place.usable.catch((error: unknown) => whole.close(error as Error))
    settings.onSession?.(whole)
    return whole
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** Where nobody listens, what workers write is written here as well, each line with where it comes from. */
const tellLogs: OnComputeEvent = (event) => {
  if (event.type === 'log') process.stderr.write(logText(event.log))
}

let hasRunOfPod = false

/** In a pod of the cluster itself: its first session is the run that was submitted, others have runs of their own. */
async function ofPod({ run, namespace, host, stateDirectory, programs, bundler }: DriverPod): Promise<Place> {
  // With it comes all of HTTPS, which only drivers in clusters need from the start.
  const { clientOfPod } = await import('./driver-pod.ts')
  const client = clientOfPod(process.env)
  const isFirst = !hasRunOfPod
  hasRunOfPod = true
  return {
    client,
    namespace,
    reach: { kind: 'pod', host },
    usable: Promise.resolve(),
    close: async () => client.close(),
    given: { programs, shipper: createShipper({ bundler }), ...(isFirst && { name: run, stateDirectory }) },
  }
}

/** A user id without an entry has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

function programFacts() {
  return { name: basename(process.argv[1] ?? 'repl'), args: process.argv.slice(2) }
}

/** The one that was prepared, unless this session wants another kind. */
function embedded(cluster: ConnectOptions['cluster']): Place {
  const { thread, directory, close } = (cluster === undefined ? takePrepared() : undefined) ?? startEmbedded(cluster)
  const given = { ownsCluster: true }
  return { client: thread.client, namespace: 'default', usable: thread.ready, directory, given, close }
}

/** A session that closes its cluster after itself. */
function withPlace(session: Shoal, closePlace: () => Promise<void>): Shoal {
  let closing: Promise<void> | undefined
  const closeAfter = (end: () => PromiseLike<void>) =>
    (closing ??= (async () => {
      try {
        await end()
      } finally {
        await closePlace()
      }
    })())
  const close = (reason?: Error) => closeAfter(() => session.close(reason))
  const whole: Shoal = {
    ...session,
    close,
    // Not the same as close(): a scope may be left by what failed in it, which the run's object then tells.
    [Symbol.asyncDispose]: () => closeAfter(() => session[Symbol.asyncDispose]()),
  }
  return markHostValue(whole, { name: 'session', id: session.name })
}

async function ofContext(name: string | undefined, { kubeconfig, onEvent }: ConnectOptions): Promise<Place> {
  const path = kubeconfig ?? process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config')
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `Cannot read "${path}" as kubeconfig: ${(cause as NodeJS.ErrnoException).code}, expected a readable file`
    throw new ConnectError('CONNECT_KUBECONFIG', message, 'name one with --kubeconfig FILE, or set KUBECONFIG', {
      cause,
    })
  })
  const [{ KubeconfigError, parseKubeconfig }, { createHttpClient }] = await Promise.all([
    import('../client/kubeconfig.ts'),
    import('../client/http.ts'),
  ])
  const {
    endpoint,
    namespace = 'default',
    context,
  } = await parseKubeconfig(text, name).catch(async (error: unknown) => {
    if (!(error instanceof KubeconfigError) || error.code !== 'unsupported') throw error
    // Plugins, references to files, cloud providers: Kubernetes' own reading of these, which few need and all would load.
    const { readForeignKubeconfig } = await import('../client/foreign-kubeconfig.ts')
    return await readForeignKubeconfig([path], name)
  })
  const client = createHttpClient(endpoint)
  await requireAnswer(client, context, endpoint.server)
  const onWaiting = (reasons: readonly string[]) => onEvent?.({ type: 'waiting', reasons })
  const isHere = await isThisMachine({ env: systemEnvironment(), client, server: endpoint.server, onWaiting })
  return {
    client,
    namespace,
    usable: Promise.resolve(),
    close: async () => client.close(),
    ...(isHere ? {} : { reach: throughServer(endpoint) }),
  }
}

/** Long enough for a busy server, short enough for whoever waits in front of one that is gone. */
const ANSWER_MS = 10_000

/** A server that says no has answered: what it refuses is told where it is asked for. */
async function requireAnswer(client: HttpClient, context: string, server: string): Promise<void> {
  try {
    await client.list(namespaces, { limit: 1, signal: AbortSignal.timeout(ANSWER_MS) })
  } catch (cause) {
    if (cause instanceof ApiError) return
    client.close()
    const { code, message: said } = cause as NodeJS.ErrnoException
    const current = code === 'ECONNREFUSED' ? 'nothing listens there' : said
    const message = `Cannot reach "${context}" at ${server}: ${current}, expected an API server that answers`
    const hint = 'shoal status lists the clusters that run on this machine; shoal up starts one'
    throw new ConnectError('CONNECT_NO_ANSWER', message, hint, { cause })
  }
}

/** The coordinator is in a pod then, and what its driver says to it goes through the API server. */
function throughServer(endpoint: Endpoint): ClusterReach {
  return {
    kind: 'cluster',
    async forward(pod, port, signal) {
      const { portForward } = await import('../client/streams/port-forward.ts')
      return await portForward(endpoint, pod, port, { signal })
    },
  }
}
