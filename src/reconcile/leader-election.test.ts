import { expect, test } from 'vitest'
import { configMaps, leases } from '../api/generated/resources.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import { allowAll } from '../apiserver/verbs/authorizer.ts'
import type { Client } from '../client/client.ts'
import { createLogger } from '../env/log.ts'
import { systemEnvironment } from '../env/system.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { startElectedManager } from './elected-manager.ts'
import { startLeaderElection } from './leader-election.ts'
import type { Controller } from './reconciler.ts'
import { changesOf } from './source.ts'
import { virtualTime } from './virtual-time.ts'
import type { VirtualTime } from './virtual-time.ts'

const env = { ...systemEnvironment(), log: createLogger(() => {}, 'error') }
const LEASE = { namespace: 'kube-system', name: 'manager' }

async function newClient(): Promise<Client> {
  const server = await createApiServer({ environment: env, store: createMemoryStore(env), authorizer: allowAll })
  return createDirectClient(server, { user: { name: 'admin', groups: ['system:masters'] } })
}

/** Lets what is under way in this process go on; nothing else moves the clocks of these tests. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => env.timers.soon(resolve))
}

async function pass(seconds: number, ...times: VirtualTime[]): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    for (const time of times) time.advance(1000)
    await settle()
  }
}

function candidate(client: Client, identity: string) {
  const time = virtualTime()
  const said: string[] = []
  const election = startLeaderElection({
    env: time.env,
    client,
    lease: LEASE,
    identity,
    elected: () => said.push('elected'),
    deposed: () => said.push('deposed'),
  })
  return { time, said, election }
}

test('one of two candidates leads, and the other takes over once the lease has run out', async () => {
  const client = await newClient()
  const a = candidate(client, 'a')
  await settle()
  const b = candidate(client, 'b')
  await pass(60, a.time, b.time)
  expect([a.election.isLeader, b.election.isLeader]).toEqual([true, false])
  const lease = await client.get(leases, LEASE)
  expect(lease.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
  await pass(14, b.time)
  expect(b.election.isLeader).toBe(false)
  await pass(5, b.time)
  expect(b.election.isLeader).toBe(true)
  expect((await client.get(leases, LEASE)).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
  await pass(20, a.time, b.time)
  expect(a.said).toEqual(['elected', 'deposed'])
  await a.election.close()
  await b.election.close()
})

test('a leader that is closed hands the lease over at once', async () => {
  const client = await newClient()
  const a = candidate(client, 'a')
  await settle()
  const b = candidate(client, 'b')
  await a.election.close()
  await pass(4, b.time)
  expect(b.election.isLeader).toBe(true)
  await b.election.close()
})

test('a leader that cannot reach the server gives up before others may take over', async () => {
  const client = await newClient()
  let isCut = false
  const cut = () => isCut && Promise.reject(new Error('no route'))
  const shaky: Client = { ...client, get: async (...args) => (await cut(), client.get(...args)) }
  const a = candidate(shaky, 'a')
  await pass(3, a.time)
  isCut = true
  await pass(9, a.time)
  expect(a.election.isLeader).toBe(true)
  await pass(3, a.time)
  expect(a.said).toEqual(['elected', 'deposed'])
  isCut = false
  await pass(3, a.time)
  expect(a.said).toEqual(['elected', 'deposed', 'elected'])
  await a.election.close()
})

/** Marks every map that is labelled `mark` with the manager's name. */
function marker(name: string): Controller {
  return {
    name: 'marker',
    build(context) {
      const informer = context.informer(configMaps)
      return {
        sources: [changesOf(informer)],
        reconcile(key) {
          const map = informer.getByKey(key)
          if (map?.metadata.labels?.['mark'] === undefined || map.data?.['by'] !== undefined) return { changes: [] }
          return { changes: [{ verb: 'update', type: configMaps, object: { ...map, data: { by: name } } as never }] }
        },
      }
    },
  }
}

test('a leader that was paused and wakes up lands no write: the other has taken over', async () => {
  const client = await newClient()
  const written: string[] = []
  const manager = (identity: string) => {
    const time = virtualTime()
    const watched: Client = {
      ...client,
      update: (type, object, options) => {
        if (type.plural === 'configmaps') written.push(identity)
        return client.update(type, object, options)
      },
    }
    const election = { client, lease: LEASE, identity }
    const controllers = [marker(identity)]
    const elected = startElectedManager({ env: time.env, clientFor: () => watched, controllers, election })
    return { time, elected }
  }
  const a = manager('a')
  await settle()
  await a.elected.manager!.ready
  const b = manager('b')
  await pass(20, b.time)
  expect(b.elected.isLeader).toBe(true)
  // While its timers stood still the leader's clock went on: it wakes up in the middle of what it did.
  const labels = { mark: 'yes' }
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'default', labels } }
  const pausedMs = a.time.env.clock.monotonicMs() + 20_000
  Object.assign(a.time.env.clock, { monotonicMs: () => pausedMs })
  await client.create(configMaps, map)
  await settle()
  await pass(5, a.time, b.time)
  expect(written).toEqual(['b'])
  expect((await client.get(configMaps, { namespace: 'default', name: 'm' })).data).toEqual({ by: 'b' })
  await a.elected.close()
  await b.elected.close()
})
