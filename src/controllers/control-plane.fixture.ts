import type { Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import type { KubeObject, ObjectKey } from '../api/object.ts'
import { keyOf } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import { allowAll } from '../apiserver/verbs/authorizer.ts'
import type { Client } from '../client/client.ts'
import { systemEnvironment } from '../env/system.ts'
import { createInformers } from '../informer/informers.ts'
import type { Informers } from '../informer/informers.ts'
import { startManager } from '../reconcile/manager.ts'
import type { Manager } from '../reconcile/manager.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { builtInControllers } from './built-in.ts'

/** A control plane in memory: the real store, API server and controllers, and no nodes but what a test plays. */
export interface ControlPlane extends AsyncDisposable {
  readonly client: Client
  readonly informers: Informers
  readonly manager: Manager
  /** Resolves when the object is as `isSo` says; `undefined` stands for one that is not there. */
  until<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    isSo: (object: T | undefined) => boolean,
  ): Promise<T | undefined>
  /** Plays a node: `act` is called for each new pod, and returns the status that it gets. */
  playNode(act: (pod: Pod) => NonNullable<Pod['status']>): () => void
}

export async function startControlPlane(): Promise<ControlPlane> {
  const env = systemEnvironment('error')
  const store = createMemoryStore(env)
  const server = await createApiServer({ environment: env, store, authorizer: allowAll })
  const clientFor = (name: string) => createDirectClient(server, { user: { name, groups: ['system:masters'] } })
  const client = clientFor('system:admin')
  const manager = startManager({ env, clientFor, controllers: builtInControllers({ caCertificate: 'PEM' }) })
  const informers = createInformers(env, client)
  await manager.ready
  return {
    client,
    informers,
    manager,
    async until(type, key, isSo) {
      const informer = informers.of(type)
      await informer.synced
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = () => void (isSo(informer.get(key)) && resolve())
      const stop = informer.listen({ settled: look })
      await promise
      stop()
      return informer.get(key)
    },
    playNode(act) {
      return informers.of(pods).listen({
        added(pod) {
          const patch = { status: act(pod) }
          void client.patch(pods, keyOf(pod), { type: 'merge', patch }, { subresource: 'status' }).catch(() => {})
        },
      })
    },
    async [Symbol.asyncDispose]() {
      await manager.close()
      informers.close()
      await server[Symbol.asyncDispose]()
      await store.close()
    },
  }
}
