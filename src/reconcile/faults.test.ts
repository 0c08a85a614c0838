import { expect, test } from 'vitest'
import { configMaps } from '../api/generated/resources.ts'
import { ApiError } from '../api/meta/status.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import { allowAll } from '../apiserver/verbs/authorizer.ts'
import type { Client } from '../client/client.ts'
import { createLogger } from '../env/log.ts'
import { systemEnvironment } from '../env/system.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { startManager } from './manager.ts'
import type { Controller } from './reconciler.ts'
import { changesOf } from './source.ts'

const env = { ...systemEnvironment(), log: createLogger(() => {}, 'error') }

async function newClient(): Promise<Client> {
  const server = await createApiServer({ environment: env, store: createMemoryStore(env), authorizer: allowAll })
  return createDirectClient(server, { user: { name: 'admin', groups: ['system:masters'] } })
}

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })

/** Writes `data.done` into every map; a map named `bad` makes it throw. */
const doer: Controller = {
  name: 'doer',
  build(context) {
    const informer = context.informer(configMaps)
    return {
      sources: [changesOf(informer)],
      reconcile(key) {
        const map = informer.getByKey(key)
        if (map === undefined || map.data?.['done'] !== undefined) return { changes: [] }
        if (key === 'default/bad') throw new Error('this one is bad')
        const object = { ...map, data: { done: 'yes' } } as typeof map
        return { changes: [{ verb: 'update', type: configMaps, object }] }
      },
    }
  },
}

function whenDone(client: Client, name: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const watch = client.watch(
    configMaps,
    { namespace: 'default' },
    {
      events: (events) => {
        const isDone = events.some(({ type, object }) => {
          return type !== 'BOOKMARK' && object.metadata.name === name && object.data?.['done'] === 'yes'
        })
        if (isDone) resolve()
      },
      closed: () => {},
    },
  )
  return promise.finally(() => watch.close())
}

test('a controller that throws on one key keeps serving the others, backs off on it, and counts it', async () => {
  const client = await newClient()
  await using manager = startManager({ env, clientFor: () => client, controllers: [doer] })
  await manager.ready
  await client.create(configMaps, configMap('bad'))
  await client.create(configMaps, configMap('good'))
  await whenDone(client, 'good')
  const [status] = manager.status()
  expect(status!.errors).toBeGreaterThan(0)
  expect(status!.lastError).toBe('default/bad: this one is bad')
  expect(status!.delayed + status!.depth + status!.working).toBeGreaterThan(0)
})

const error = (code: number, reason: string) => new ApiError({ code, reason, message: `injected ${code}` } as never)

const FAULTS: readonly (readonly [string, Error])[] = [
  ['409', error(409, 'Conflict')],
  ['410', error(410, 'Gone')],
  ['429', error(429, 'TooManyRequests')],
  ['500', error(500, 'InternalError')],
  ['503', error(503, 'ServiceUnavailable')],
  ['504', error(504, 'Timeout')],
  ['a cut connection', new TypeError('fetch failed')],
]

test.each(FAULTS)('after %s in answer to writes, the work is done all the same', async (_, fault) => {
  const client = await newClient()
  let left = 3
  const shaky: Client = {
    ...client,
    update: (type, object, options) => (left-- > 0 ? Promise.reject(fault) : client.update(type, object, options)),
  }
  await using manager = startManager({ env, clientFor: () => shaky, controllers: [doer] })
  await manager.ready
  await client.create(configMaps, configMap('good'))
  await whenDone(client, 'good')
  expect(left).toBeLessThan(0)
})

test.each(FAULTS)('after %s in answer to lists, and a watch that is cut, the caches come back', async (_, fault) => {
  const client = await newClient()
  let left = 2
  const cuts: (() => void)[] = []
  const shaky: Client = {
    ...client,
    list: (type, options) => (left-- > 0 ? Promise.reject(fault) : client.list(type, options)),
    watch: (type, options, handler) => {
      const watch = client.watch(type, options, handler)
      cuts.push(() => {
        watch.close()
        handler.closed(fault)
      })
      return watch
    },
  }
  await using manager = startManager({ env, clientFor: () => shaky, controllers: [doer] })
  await manager.ready
  for (const cut of cuts.splice(0)) cut()
  await client.create(configMaps, configMap('good'))
  await whenDone(client, 'good')
})
