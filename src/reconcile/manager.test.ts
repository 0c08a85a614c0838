import { expect, test } from 'vitest'
import { configMaps, events, pods } from '../api/generated/resources.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import { allowAll } from '../apiserver/verbs/authorizer.ts'
import type { Client } from '../client/client.ts'
import { createLogger } from '../env/log.ts'
import { systemEnvironment } from '../env/system.ts'
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
function childController(poke: (add: () => void) => void): Controller {
  return {
    name: 'child-controller',
    build(context) {
      const informer = context.informer(configMaps)
      const poked = { start: (add: (key: string) => void) => (poke(() => add('default/all')), () => {}) }
      return {
        sources: [poked, changesOf(informer, () => ['default/all'])],
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

/** Clients whose watches can be held up: what comes meanwhile arrives, in order, when they are released. */
function withHeldWatches(clientFor: (user: string) => Client) {
  let held: (() => void)[] | undefined
  const created: string[] = []
  const deliver = (event: () => void) => (held === undefined ? event() : void held.push(event))
  const wrap = (user: string): Client => {
    const client = clientFor(user)
    return {
      ...client,
      watch: (type, options, handler) =>
        client.watch(type, options, { ...handler, events: (batch) => deliver(() => handler.events(batch)) }),
      async create(type, object, options) {
        held ??= []
        const result = await client.create(type, object, options)
        created.push(result.metadata.name!)
        return result
      },
    }
  }
  const release = () => {
    const late = held ?? []
    held = undefined
    for (const event of late) event()
  }
  return { clientFor: wrap, created, release }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => env.timers.soon(resolve))
}

test('a controller whose cache lags behind its own writes never creates twice', async () => {
  const clientFor = await clientsOfServer()
  const slow = withHeldWatches(clientFor)
  let poke = () => {}
  const controllers = [childController((add) => (poke = add))]
  await using manager = startManager({ env, clientFor: slow.clientFor, controllers })
  await manager.ready
  await clientFor('admin').create(configMaps, configMap('p', { parent: '' }))
  while (slow.created.length === 0) await turns(1)
  // The child exists, and the controller's cache does not show it yet.
  for (let i = 0; i < 5; i++) {
    poke()
    await turns(5)
  }
  expect(manager.status()[0]!.waitingForCaches).toBe(1)
  slow.release()
  await turns(5)
  expect(manager.status()[0]!.waitingForCaches).toBe(0)
  expect(slow.created).toHaveLength(1)
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
