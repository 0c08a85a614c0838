import { apiVersionOf } from '../api/resource-type.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { Informer } from '../informer/informer.ts'
import { createInformers } from '../informer/informers.ts'
import type { Informers } from '../informer/informers.ts'
import { SYNC_DEADLINE_MS, whenSynced } from '../informer/synced.ts'
import { runController } from './controller.ts'
import type { ControllerStatus, RunningController } from './controller.ts'
import { createEventRecorder } from './event-recorder.ts'
import type { EventRecorder } from './event-recorder.ts'
import { createExpectations } from './expectations.ts'
import type { Controller, ControllerContext } from './reconciler.ts'

/** The user whose rights the shared informers read with. */
export const MANAGER_USER = 'system:kube-controller-manager'

/** How long closing waits for work under way and for events still to be written, in milliseconds. */
export const MANAGER_CLOSE_MS = 2_000

export interface ManagerOptions {
  readonly env: Environment
  /** A client that acts as `user`; a real cluster that knows only one user may return the same one for all. */
  readonly clientFor: (user: string) => Client
  readonly controllers: readonly Controller[]
  readonly syncDeadlineMs?: number
}

/** Controllers that run over one set of shared informers, each as a user of its own. */
export interface Manager extends AsyncDisposable {
  /** Resolves when all controllers work; rejects, naming the caches that are late, after the deadline. */
  readonly ready: Promise<void>
  readonly informers: Informers
  status(): readonly ControllerStatus[]
  close(): Promise<void>
}

interface Started {
  readonly running: RunningController
  readonly recorder: EventRecorder
  readonly ready: Promise<void>
}

/** The user of a controller: its service account in kube-system. */
export function controllerUser(name: string): string {
  return `system:serviceaccount:kube-system:${name}`
}

export function startManager(options: ManagerOptions): Manager {
  const { env, clientFor } = options
  const informers = createInformers(env, clientFor(MANAGER_USER))
  const started = options.controllers.map((controller) => startController(options, informers, controller))
  const ready = Promise.all(started.map((one) => one.ready)).then(() => {})
  ready.catch((error) => env.log.error('controllers did not start', { error }))
  let closing: Promise<void> | undefined
  const close = () => (closing ??= closeAll(started, informers))
  return {
    ready,
    informers,
    status: () => started.map((one) => one.running.status()),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function startController(options: ManagerOptions, informers: Informers, controller: Controller): Started {
  const { env } = options
  const client = options.clientFor(controllerUser(controller.account ?? controller.name))
  const recorder = createEventRecorder(env, client, { component: controller.eventSource ?? controller.name })
  const awaited = new Map<string, Informer>()
  const context: ControllerContext = {
    env,
    client,
    informers,
    informer(type, scope) {
      const informer = informers.of(type, scope)
      // Only a cache of the whole resource can show every write.
      if (scope === undefined) awaited.set(typeId(type), informer as unknown as Informer)
      return informer
    },
  }
  const parts = controller.build(context)
  const expectations = createExpectations(env.clock, (written) => awaited.get(typeId(written.type)))
  const running = runController({ name: controller.name, env, client, recorder, expectations, parts })
  const caches = [...awaited.values()]
  for (const informer of caches) informer.listen({ settled: running.cachesMoved })
  const ready = whenSynced(env, caches, options.syncDeadlineMs ?? SYNC_DEADLINE_MS).then(running.start)
  return { running, recorder, ready }
}

async function closeAll(started: readonly Started[], informers: Informers): Promise<void> {
  await Promise.all(started.map((one) => one.running.close()))
  await Promise.all(started.map((one) => one.recorder.flush(MANAGER_CLOSE_MS)))
  informers.close()
}

function typeId(type: ResourceType): string {
  return `${apiVersionOf(type)}/${type.plural}`
}
