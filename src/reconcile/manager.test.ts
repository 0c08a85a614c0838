import { expect, test } from 'vitest'
import { configMaps, events, pods } from '../api/generated/resources.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import { allowAll } from '../apiserver/verbs/authorizer.ts'
import type { Client } from '../client/client.ts'
import { createLogger } from '../env/log.ts'
import { systemEnvironment } from '../env/system.ts'
import type { Informer } from '../informer/informer.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { event } from './change.ts'
import { startManager } from './manager.ts'
import type { Controller } from './reconciler.ts'
import { changesOf } from './source.ts'

const env = { ...systemEnvironment(), log: createLogger(() => {}, 'error') }

async function clientsOfServer(): Promise<(user: string) => Client> {
  const server = await createApiServer({ environment: env, store: createMemoryStore(env), authorizer: allowAll })
  return (name) => createDirectClient(server, { user: { name, groups: ['system:masters'] } })
}

function configMap(name: string, labels: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels } }
}

/** Wants one `child-...` map for each map labelled `parent`, under a generated name: only its cache says what is there. */
function childController(seen: (informer: Informer) => void = () => {}): Controller {
  return {
    name: 'child-controller',
    build(context) {
      const informer = context.informer(configMaps)
      seen(informer as unknown as Informer)
      return {
        sources: [changesOf(informer, () => ['default/all'])],
        reconcile() {
          const all = informer.list('default')
          const parents = all.filter((map) => map.metadata.labels?.['parent'] !== undefined)
          const children = all.filter((map) => map.metadata.name!.startsWith('child-'))
          const missing = Math.max(0, parents.length - children.length)
          const object = { ...configMap(''), metadata: { generateName: 'child-', namespace: 'default' } }
          const changes = Array.from({ length: missing }, () => ({ verb: 'create', type: configMaps, object }) as const)
          return { changes: [{ verb: 'together', changes }] }
        },
      }
    },
  }
}

test('a controller whose cache lags behind its own writes never creates twice', async () => {
  const clientFor = await clientsOfServer()
  let informer: Informer | undefined
  const controllers = [childController((one) => (informer = one))]
  await using manager = startManager({ env, clientFor, controllers })
  await manager.ready
  const client = clientFor('admin')
  for (let i = 0; i < 20; i++) await client.create(configMaps, configMap(`p${i}`, { parent: '' }))
  await new Promise<void>((resolve) => {
    informer!.listen({ settled: () => void (informer!.size >= 40 && resolve()) })
  })
  await client.create(configMaps, configMap('last'))
  await new Promise<void>((resolve) => {
    informer!.listen({
      settled: () => void (informer!.list().some((map) => map.metadata.name === 'last') && resolve()),
    })
  })
  const children = informer!.list().filter((map) => map.metadata.name!.startsWith('child-'))
  expect(children).toHaveLength(20)
})

test('a controller that throws on one key counts it, tries again, and serves the others', async () => {
  const clientFor = await clientsOfServer()
  const served: string[] = []
  const { promise: retried, resolve } = Promise.withResolvers<void>()
  let failures = 0
  const controller: Controller = {
    name: 'moody-controller',
    build: (context) => ({
      sources: [changesOf(context.informer(configMaps))],
      concurrency: 1,
      reconcile(key) {
        if (key === 'default/bad' && ++failures <= 2) throw new Error('no')
        if (key === 'default/bad') resolve()
        served.push(key)
        return { changes: [] }
      },
    }),
  }
  await using manager = startManager({ env, clientFor, controllers: [controller] })
  await manager.ready
  const client = clientFor('admin')
  await client.create(configMaps, configMap('bad'))
  await client.create(configMaps, configMap('good'))
  await retried
  expect(served).toContain('default/good')
  expect(manager.status()[0]).toMatchObject({ name: 'moody-controller', errors: 2, lastError: 'default/bad: no' })
})

test('events have the form that client-go gives them, and repeated ones are counted', async () => {
  const clientFor = await clientsOfServer()
  const { promise: heard, resolve } = Promise.withResolvers<void>()
  const controller: Controller = {
    name: 'talking-controller',
    build(context) {
      const informer = context.informer(configMaps)
      return {
        sources: [changesOf(informer)],
        reconcile(key) {
          const map = informer.getByKey(key)!
          queueMicrotask(resolve)
          const said = event(map, 'Normal', 'Greeting', 'hello')
          return { changes: [said, said] }
        },
      }
    },
  }
  const manager = startManager({ env, clientFor, controllers: [controller] })
  await manager.ready
  const client = clientFor('admin')
  await client.create(configMaps, configMap('a'))
  await heard
  await manager.close()
  const [said, ...others] = (await client.list(events, { namespace: 'default' })).items
  expect(others).toEqual([])
  expect(said).toMatchObject({
    involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: 'default' },
    count: 2,
    message: 'hello',
    reportingComponent: 'talking-controller',
    source: { component: 'talking-controller' },
    type: 'Normal',
  })
})

test('a manager whose caches do not fill says which, and its status says that nothing runs', async () => {
  const clientFor = await clientsOfServer()
  const refused = (user: string): Client => ({ ...clientFor(user), list: () => Promise.reject(new Error('forbidden')) })
  const controller: Controller = {
    name: 'waiting-controller',
    build: (context) => ({ sources: [changesOf(context.informer(pods))], reconcile: () => ({ changes: [] }) }),
  }
  await using manager = startManager({ env, clientFor: refused, controllers: [controller], syncDeadlineMs: 20 })
  await expect(manager.ready).rejects.toThrow(/pods: forbidden/)
  expect(manager.status()[0]).toMatchObject({ reconciles: 0 })
})
