import { builtInControllers } from '../controllers/built-in.ts'
import { systemEnvironment } from '../env/system.ts'
import { DEFAULT_PROFILE, kubernetesProfile } from '../placement/profiles.ts'
import { startElectedManager } from '../reconcile/elected-manager.ts'
import { startScheduler } from '../scheduler/scheduler.ts'
import { onInterrupt } from './interrupt.ts'
import { openTarget } from './target-cluster.ts'

export interface LoopOptions {
  readonly kubeconfig?: string
  readonly context?: string
}

/** `shoal scheduler`: our scheduler on any API server, until Ctrl-C. `schedulerName` is that of the pods that it serves. */
export async function scheduler(options: LoopOptions & { readonly schedulerName?: string }): Promise<number> {
  using cluster = await openTarget(options)
  const { schedulerName } = options
  const isOwn = schedulerName !== undefined && schedulerName !== DEFAULT_PROFILE
  const profiles = isOwn ? { profiles: new Map([[schedulerName, kubernetesProfile(schedulerName)]]) } : {}
  await using running = startScheduler({ env: systemEnvironment(), client: cluster.client, ...profiles })
  await running.ready
  return await untilInterrupted(
    `scheduling for ${cluster.endpoint.server}, pods of "${schedulerName ?? DEFAULT_PROFILE}"`,
  )
}

/** `shoal controllers`: our controllers on any API server, while they lead. */
export async function controllers(options: LoopOptions): Promise<number> {
  using cluster = await openTarget(options)
  const env = systemEnvironment()
  const { client, endpoint } = cluster
  const authority = endpoint.certificateAuthority
  const lease = { namespace: 'kube-system', name: 'kube-controller-manager' }
  await using _running = startElectedManager({
    env,
    clientFor: () => client,
    controllers: builtInControllers(authority === undefined ? {} : { caCertificate: authority }),
    election: { client, lease, identity: `${process.pid}_${env.random.uuid()}` },
  })
  return await untilInterrupted(`controllers for ${endpoint.server}, while they hold the lease ${lease.name}`)
}

async function untilInterrupted(what: string): Promise<number> {
  const interrupted = Promise.withResolvers<number>()
  const stopListening = onInterrupt(interrupted.resolve)
  process.stderr.write(`ready: ${what}\n`)
  const exitCode = await interrupted.promise
  stopListening()
  process.stderr.write('stopped\n')
  return exitCode
}
