import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import { apiVersionOf } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createInformer } from './informer.ts'
import type { Informer } from './informer.ts'
import type { InformerScope } from './scope.ts'
import { whenSynced } from './synced.ts'

/** Informers shared by all who ask for the same resource in the same scope: one watch, one cache. */
export interface Informers extends AsyncDisposable {
  of<T extends KubeObject>(type: ResourceType<T>, scope?: InformerScope): Informer<T>
  /** Every informer there is, in the order in which they were first asked for. */
  all(): readonly Informer[]
  /** Resolves when all that were asked for so far are synced; else rejects, naming those that are not. */
  synced(deadlineMs?: number): Promise<void>
  /** Closes one resource's informer; the next who asks gets a new one. */
  forget(type: ResourceType, scope?: InformerScope): void
  close(): void
}

/** Shared informers over `client`, whose user must be allowed to list and watch what is asked for. */
export function createInformers(env: Environment, client: Client): Informers {
  const informers = new Map<string, Informer>()
  const close = () => {
    for (const informer of informers.values()) informer.close()
  }
  return {
    of<T extends KubeObject>(type: ResourceType<T>, scope: InformerScope = {}): Informer<T> {
      const id = scopeId(type, scope)
      const known = informers.get(id)
      if (known !== undefined) return known as unknown as Informer<T>
      const informer = createInformer(env, client, type, scope)
      informers.set(id, informer as unknown as Informer)
      return informer
    },
    all: () => [...informers.values()],
    synced: (deadlineMs) => whenSynced(env, [...informers.values()], deadlineMs),
    forget(type, scope = {}) {
      const id = scopeId(type, scope)
      informers.get(id)?.close()
      informers.delete(id)
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  }
}

function scopeId(type: ResourceType, scope: InformerScope): string {
  const parts = [scope.namespace, scope.labelSelector, scope.fieldSelector].map((part) => part ?? '')
  return [apiVersionOf(type), type.plural, ...parts].join('|')
}
